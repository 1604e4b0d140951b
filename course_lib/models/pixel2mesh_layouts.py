"""The public layouts of Pixel2Mesh's weights, translated to the names of `course_lib.models.pixel2mesh`.

The authors' TensorFlow checkpoint numbers its layers: `gcn/Conv2D_3/W`, kernels as (H, W, C, D), for the picture, and
`gcn/graphconvolution_15_vars/weights_0` for the graph, 14, 14 and 15 of them in three blocks. The PyTorch code has
`nn_encoder.conv1_2.weight` and `gcns.1.blocks.3.conv2.loop_weight`; beside its weights its files hold the template: the
vertices (`init_pts`), and for each layer the matrix T of its mesh (`adj_mat`), whose entries say who is joined.
"""

import re
from collections.abc import Mapping

import torch

from course_lib.errors import CourseError
from course_lib.models.published import read_state_dict
from course_lib.models.tensor_bundle import bundle_at, read_bundle

CONVS = (2, 3, 3, 3, 3, 4)  # of the picture, per stage
BLOCKS = (14, 14, 15)  # graph convolutions per block


def read_pixel2mesh(source):
    """Whose code's weights these are ("tensorflow" or "pytorch"), and a state dict with our names.

    Args:
        source: as for `Pixel2Mesh.from_published`.
    Raises:
        CourseError: if a file cannot be read, or is the PyTorch code's other network, with a ResNet.
    """
    bundle = bundle_at(source)
    if bundle is not None:
        source = read_bundle(bundle, wanted=lambda name: _tensorflow_name(name) is not None)
    if isinstance(source, Mapping) and any(_tensorflow_name(str(name)) for name in source):
        return "tensorflow", from_tensorflow(source)
    state = read_state_dict(source)
    if any(key.startswith("nn_encoder.layer") for key in state):
        raise CourseError(
            "These weights are of the variant whose picture network is a ResNet-50 (nn_encoder.layer1 ...). Pixel2Mesh "
            "here is the paper's, with 18 convolutions: take the file that is called VGG."
        )
    if any(key.startswith("gcns.") for key in state):
        return "pytorch", from_pytorch(state)
    return "tensorflow", state  # saved by the course


def from_tensorflow(variables):
    """{TensorFlow's name: array} -> our state dict; what is no weight of the network is left out."""
    state = {}
    for name, value in variables.items():
        ours = _tensorflow_name(name)
        if ours is not None:
            value = torch.as_tensor(value)
            if ours.endswith("weight"):
                value = value.permute(3, 2, 0, 1) if value.ndim == 4 else value.T
            state[ours] = value.contiguous()
    return state


def from_pytorch(state):
    """The PyTorch code's state dict -> ours, and `template.vertices`, `template.edges` (E, 2) if it holds them."""
    translated = {}
    for key, value in state.items():
        if key == "init_pts":
            translated["template.vertices"] = value
        elif key == "gcns.0.conv1.adj_mat":
            value = value.coalesce() if value.is_sparse else value.to_sparse()
            translated["template.edges"] = value.indices().T[(value.indices()[0] < value.indices()[1])]
        elif key.endswith("adj_mat") or key.startswith(("unpooling.", "nn_decoder.")):
            continue  # the other meshes follow from the first; the decoder served a loss
        else:
            name, is_graph = _pytorch_name(key)
            translated[name] = value.T.contiguous() if is_graph and value.ndim == 2 else value
    return translated


def template_of(state, offset):
    """(vertices, faces) that weights came with, moved by the code's offset, (3,); or None."""
    if "template.vertices" not in state or "template.edges" not in state:
        return None
    vertices = state["template.vertices"].float()
    return vertices + torch.tensor(offset), faces_of(state["template.edges"], vertices)


def faces_of(edges, vertices):
    """The faces of a closed mesh about its middle, from its edges: three vertices that are joined, turned outwards.

    Args:
        edges: (E, 2), each once. vertices: (V, 3), seen from their middle without overlap, as an ellipsoid's are.
    Raises:
        CourseError: if the triangles do not close a surface like a sphere's, with 2 V - 4 of them.
    """
    near = [set() for _ in range(len(vertices))]
    for a, b in edges.tolist():
        near[a].add(b)
        near[b].add(a)
    faces = sorted({tuple(sorted((a, b, c))) for a, b in edges.tolist() for c in near[a] & near[b]})
    if len(faces) != 2 * len(vertices) - 4:
        raise CourseError(
            f"{len(edges)} edges make {len(faces)} triangles of {len(vertices)} vertices, expected "
            f"{2 * len(vertices) - 4} for a closed surface: the checkpoint's template is another kind of mesh."
        )
    faces = torch.tensor(faces)
    a, b, c = (vertices - vertices.mean(0))[faces].unbind(1)
    inwards = (torch.linalg.cross(b - a, c - a) * (a + b + c)).sum(1) < 0
    return torch.where(inwards[:, None], faces.flip(1), faces)


def _tensorflow_name(name):
    name = name.removesuffix(":0")
    if found := re.fullmatch(r"(?:.*/)?Conv2D(?:_(\d+))?/([Wb])", name):
        number = int(found[1] or 0)
        if number >= sum(CONVS):
            return None
        stage = 0
        while number >= CONVS[stage]:
            number, stage = number - CONVS[stage], stage + 1
        return f"maps.stages.{stage}.{number}.{'weight' if found[2] == 'W' else 'bias'}"
    if found := re.fullmatch(r"(?:.*/)?graphconvolution_(\d+)_vars/(weights_0|weights_1|bias)", name):
        number = int(found[1]) - 1
        if not 0 <= number < sum(BLOCKS):
            return None
        block = 0
        while number >= BLOCKS[block]:
            number, block = number - BLOCKS[block], block + 1
        return f"blocks.{block}.{_layer(number, BLOCKS[block])}.{_PARTS[found[2]]}"
    return None


_PARTS = {
    "weights_0": "own.weight", "weights_1": "around.weight", "bias": "own.bias",  # TensorFlow
    "loop_weight": "own.weight", "weight": "around.weight",  # PyTorch
}  # fmt: skip


def _layer(number, count):
    """Our name of a block's layer, counted from 0."""
    if number == 0:
        return "first"
    if number <= 12:
        return f"pairs.{(number - 1) // 2}.{(number - 1) % 2}"
    return "out" if number == count - 1 else "narrow"


def _pytorch_name(key):
    """Our name, and whether it belongs to the graph."""
    if found := re.fullmatch(r"nn_encoder\.conv(\d)_(\d)\.(weight|bias)", key):
        stage, number = int(found[1]), int(found[2]) - 1
        return f"maps.stages.{stage}.{number}.{found[3]}", False
    if found := re.fullmatch(r"gcns\.(\d)\.blocks\.(\d)\.conv([12])\.(\w+)", key):
        return f"blocks.{found[1]}.pairs.{found[2]}.{int(found[3]) - 1}.{_PARTS.get(found[4], found[4])}", True
    if found := re.fullmatch(r"gcns\.(\d)\.conv([12])\.(\w+)", key):
        last = "narrow" if found[1] == "2" else "out"
        return f"blocks.{found[1]}.{'first' if found[2] == '1' else last}.{_PARTS.get(found[3], found[3])}", True
    if found := re.fullmatch(r"gconv\.(\w+)", key):
        return f"blocks.2.out.{_PARTS.get(found[1], found[1])}", True
    return key, False
