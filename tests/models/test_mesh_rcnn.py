import pytest
import torch
from torch import nn

from course_lib.errors import CourseError
from course_lib.models import mesh_rcnn as m
from course_lib.ops.meshes import cubify, icosphere, join, unique_edges
from tests.reference_waves import wave_value


def count(network):
    return sum(p.numel() for p in network.parameters())


class Trunk(nn.Module):
    """Two maps, in place of ResNet-50's four."""

    channels = (4, 6)

    def __init__(self):
        super().__init__()
        self.one, self.two = nn.Conv2d(3, 4, 3, 2, 1), nn.Conv2d(4, 6, 3, 2, 1)

    def forward(self, pictures):
        first = self.one(pictures)
        return [first, self.two(first)]


def test_published_sizes():
    network = m.VoxMesh()
    assert count(network) == 32_117_652 and len(network.state_dict()) == 379
    assert (count(network.backbone), count(network.voxel_head), count(network.mesh_head)) == (
        23_508_032,
        6_763_824,
        1_845_796,
    )
    assert count(m.SphereMesh()) == 25_353_828
    assert count(m.VoxelHead.pix3d()) == 2_628_888 and count(m.ZHead()) == 13_904_905
    assert count(m.MeshHead(256, pix3d=True)) == 469_540


def test_a_checkpoint_with_the_public_names_is_loaded_and_another_is_not():
    names = [(key, tuple(value.shape)) for key, value in m.VoxMesh().state_dict().items() if "num_batches" not in key]
    known = """K backbone.stem.0.weight backbone.stage4.2.bn3.bias voxel_head.voxel_fcn4.bias voxel_head.deconv.weight
        mesh_head.stages.0.bottleneck.bias mesh_head.stages.1.vert_offset.weight
        mesh_head.stages.2.gconvs.1.w0.weight"""
    assert set(known.split()) <= {key for key, _ in names}
    weights = {f"module.{key}": wave_value(i, key, shape) for i, (key, shape) in enumerate(names)}
    network = m.VoxMesh.from_published({"best_states": {"model": weights}, "iter": 5})
    assert torch.equal(
        network.mesh_head.stages[1].vert_offset.weight, weights["module.mesh_head.stages.1.vert_offset.weight"]
    )
    weights.pop("module.voxel_head.predictor.bias")
    with pytest.raises(CourseError, match="missing: voxel_head.predictor.bias"):
        m.VoxMesh.from_published({"best_states": {"model": weights}})


def test_an_untrained_stage_changes_nothing():
    torch.manual_seed(0)
    network = m.VoxMesh(Trunk(), voxels=8, width=8, hidden=16).eval()
    pictures = torch.rand(2, 3, 32, 32)
    logits, stages = network(pictures)
    assert logits.shape == (2, 8, 8, 8) and len(stages) == 3
    start = [m.voxels_to_camera(mesh) for mesh in network.cubes(logits)]
    for meshes in stages:
        for (vertices, faces), (before, same) in zip(meshes, start, strict=True):
            assert torch.equal(faces, same) and torch.allclose(vertices, before)


def test_where_no_voxel_is_filled_the_middle_of_the_grid_is():
    network = m.VoxMesh(Trunk(), voxels=8, width=8)
    logits = torch.full((2, 8, 8, 8), -9.0)
    logits[1, 0, 0, 0] = 9.0
    meshes = network.cubes(logits)
    expected = torch.zeros(8, 8, 8)
    expected[2:6, 2:6, 2:6] = 1
    assert torch.equal(meshes[0][0], cubify(expected, 0.5)[0]) and len(meshes[1][1]) == 12


def test_the_voxel_grid_is_a_pyramid_before_the_camera():
    vertices, faces = cubify(torch.ones(4, 4, 4), 0.5, align="corner")
    camera, _ = m.voxels_to_camera((vertices, faces))
    assert (camera[:, 2] < 0).all()  # Blender's camera looks along -z
    seen = m.project(camera, torch.tensor(m.BLENDER_K))
    assert torch.allclose(seen[:, :2] * torch.tensor([1.0, -1]), vertices[:, :2], atol=1e-5)
    assert torch.allclose(seen[:, 2], vertices[:, 2] * 0.125 + 0.795, atol=1e-5)
    near, far = (camera[vertices[:, 2] == side] for side in (-1, 1))
    assert far[:, 0].max() > 2 * near[:, 0].max()


def test_a_stage_by_hand():
    """f = relu(bottleneck), one convolution, v + tanh(W [f; v]), on two vertices joined by an edge."""
    torch.manual_seed(1)
    stage = m.Stage(5, 4, hidden=6, depth=1)
    nn.init.normal_(stage.vert_offset.weight)
    seen, where, handed, edges = torch.randn(2, 5), torch.randn(2, 3), torch.randn(2, 4), torch.tensor([[0, 1]])
    features = torch.cat([stage.bottleneck(seen).relu(), where, handed], 1)
    conv = stage.gconvs[0]
    hidden = (conv.w0(features) + conv.w1(features).flip(0)).relu()
    offsets, handed_on = stage(seen, where, edges, handed)
    assert torch.allclose(handed_on, hidden, atol=1e-5)
    assert torch.allclose(offsets, stage.vert_offset(torch.cat([hidden, where], 1)).tanh(), atol=1e-5)


def test_pix3d_puts_what_is_handed_on_first():
    torch.manual_seed(1)
    first, last = m.Stage(5, 4, hidden=6, own_first=True), m.Stage(5, 4, hidden=6)
    last.load_state_dict(first.state_dict())
    for conv in (last.gconvs[0].w0, last.gconvs[0].w1):  # the same columns, moved
        conv.weight.data = torch.cat([conv.weight[:, 4:], conv.weight[:, :4]], 1)
    for stage in (first, last):
        nn.init.constant_(stage.vert_offset.weight, 0.1)
    arguments = torch.randn(2, 5), torch.randn(2, 3), torch.tensor([[0, 1]]), torch.randn(2, 4)
    assert torch.allclose(first(*arguments)[0], last(*arguments)[0], atol=1e-6)


def test_a_batch_is_as_good_as_one_by_one():
    torch.manual_seed(2)
    head = m.MeshHead(10, hidden=8)
    for stage in head.stages:
        nn.init.normal_(stage.vert_offset.weight, std=0.3)
    maps, K = [torch.randn(2, 4, 9, 9), torch.randn(2, 6, 5, 5)], torch.tensor(m.BLENDER_K)
    meshes = [(v * 0.1 - torch.tensor([0, 0, 1.0]), f) for v, f in (icosphere(0), icosphere(1))]
    together = head(maps, meshes, K)
    alone = head([one[1:] for one in maps], meshes[1:], K)
    assert torch.allclose(together[-1][1][0], alone[-1][0][0], atol=1e-5)


def test_finer_spheres_grow_between_stages_and_gradients_reach_the_picture():
    network = m.SphereMesh(Trunk(), finer=True, hidden=8)
    for stage in network.mesh_head.stages:
        nn.init.normal_(stage.vert_offset.weight, std=0.1)
    pictures = torch.rand(1, 3, 16, 16, requires_grad=True)
    stages = network(pictures)
    assert [len(meshes[0][0]) for meshes in stages] == [162, 642, 2562]
    stages[-1][0][0].sum().backward()
    assert pictures.grad.abs().sum() > 0
    _, faces, _ = join(stages[-1])
    assert len(unique_edges(faces)) == 7680


def test_heads_have_the_published_shapes():
    assert m.VoxelHead.pix3d()(torch.rand(2, 256, 12, 12)).shape == (2, 24, 24, 24)
    assert m.ZHead()(torch.rand(2, 256, 7, 7)).shape == (2, 9)
