"""The whole of Mesh R-CNN: a picture to boxes, labels, masks, voxels and meshes of all objects in it."""

import math

import torch
from torch import nn
from torch.nn.functional import binary_cross_entropy_with_logits, smooth_l1_loss

from course_lib.errors import CourseError
from course_lib.models.mesh_rcnn.detector import crops_of, mini_detector, published_detector
from course_lib.models.mesh_rcnn.heads import MeshHead, VoxelHead, ZHead
from course_lib.models.mesh_rcnn.layouts import from_detectron2, is_detectron2
from course_lib.models.mesh_rcnn.losses import mesh_losses
from course_lib.models.mesh_rcnn.shapenet import THRESHOLD, filled_cubes
from course_lib.models.published import load_published, read_state_dict
from course_lib.ops import boxes as box_ops
from course_lib.ops.camera import resize_intrinsics
from course_lib.ops.frustum import depth_range, depth_ratio, fill, from_cube, to_cube
from course_lib.ops.meshes import icosphere, sample_surface

PIX3D = ("bed", "bookcase", "chair", "desk", "misc", "sofa", "table", "tool", "wardrobe")  # labels 1 to 9
CLASSES = len(PIX3D)
WEIGHTS = {"voxels": 3.0, "z": 1.0, "chamfer": 1.0, "normals": 0.1, "edge": 1.0}  # of the losses, for Pix3D
DEEPEST = math.log(1000 / 16)  # the z head's prediction is cut there
TOO_FAR = 5.0  # of a true vertex in the cube: the box is bad, and its pull would be too strong
STARTS = ("voxels", "sphere", "finer sphere")
NEEDED = ("boxes", "labels", "masks", "meshes", "inside", "K")  # of a training target


class MeshRCNN(nn.Module):
    """Mask R-CNN with a voxel head, a mesh head and a z head.

    Args:
        detector: torchvision's MaskRCNN; by default `published_detector`. classes: without the background.
        heads: the three heads as (voxel, mesh, z); by default the published ones.
        start: "voxels"; or "sphere" (the paper's Sphere-Init), or "finer sphere" (Pixel2Mesh+, subdivided between the
            stages): then there is no voxel head.
        crops: rows and columns of the crops for (voxels, mesh, z).
        samples: points on each surface in training. threshold: of a filled voxel.
        objects: proposals of a picture that the three heads learn from, at most.
        weights: of the losses, where they differ from `WEIGHTS`. With 0 for "chamfer", "normals" and "edge" the mesh
            head does not run in training: the voxels must mean something first.
    Raises:
        CourseError: if the start is unknown.
    """

    def __init__(self, detector=None, classes=CLASSES, *, heads=None, start="voxels", crops=(12, 14, 7),
                 samples=5000, threshold=THRESHOLD, objects=16, weights=None):  # fmt: skip
        super().__init__()
        if start not in STARTS:
            raise CourseError(f"start is {start!r}, expected one of {', '.join(STARTS)}.")
        self.start, self.samples, self.threshold, self.objects = start, samples, threshold, objects
        self.weights = {**WEIGHTS, **(weights or {})}
        self.detector = detector if detector is not None else published_detector(classes)
        voxel, mesh, z = heads or (VoxelHead.pix3d(), None, ZHead(classes=classes))
        if start == "voxels":
            self.voxel_head = voxel
        self.mesh_head = mesh or MeshHead(256, pix3d=True, subdivide=start == "finer sphere")
        self.z_head = z
        names = self.detector.roi_heads.mask_roi_pool.featmap_names
        self.voxel_crop, self.mesh_crop, self.z_crop = (crops_of(size, names) for size in crops)

    @classmethod
    def mini(cls, classes=5, *, start="voxels", voxels=16, width=32, **options):
        """The same parts around a small trunk: pictures of 96 x 128 with every object labelled, trained in seconds."""
        heads = (
            VoxelHead(width, voxels, width=width, convs=2, resize=None),
            MeshHead(width, hidden=width, depth=2, pix3d=True, subdivide=start == "finer sphere"),
            ZHead(width * 49, classes, 64),
        )
        options = {"samples": 300, "objects": 2, **options}
        return cls(mini_detector(classes, width), classes, heads=heads, start=start, crops=(voxels // 2, 14, 7),
                   **options)  # fmt: skip

    @classmethod
    def from_published(cls, source, *, classes=CLASSES, start="voxels"):
        """The released Pix3D networks: meshrcnn_R50.pth, with start="sphere" sphereinit_R50.pth, with "finer sphere"
        pixel2mesh_R50.pth, and the ones of split S2. Also a state dict of our own."""
        network, state = cls(classes=classes, start=start), read_state_dict(source)
        load_published(network, from_detectron2(state) if is_detectron2(state) else state)
        return network.eval()

    def forward(self, pictures, targets=None):
        """Losses in training, predictions otherwise.

        Args:
            pictures: list of (3, H, W), red first, in 0..1, of any sizes.
            targets: in training, a list of dicts as `course_lib.data.worlds.furnished.Furnished.target` makes them:
                boxes (N, 4), labels (N,) from 1, masks (N, H, W), meshes and inside points in the camera's axes, K.
        Returns:
            in training a dict of weighted losses, to be added up. Otherwise a list of dicts with N detections, best
            first: boxes (N, 4) (x, y, w, h), labels (N,), scores (N,), masks (N, 1, H, W) in 0..1, ratio (N,) depth
            against height (see `course_lib.ops.frustum`), voxels (N, V, V, V) probabilities, and stages: list over
            the stages of the mesh head, the cubes first, of N meshes in the cube of their boxes. `meshes_in_camera`
            leads from there into space.
        Raises:
            CourseError: if a target lacks something, in training.
        """
        if self.training:
            _check(pictures, targets)
        sizes = [tuple(picture.shape[-2:]) for picture in pictures]
        framed = [{**t, "boxes": box_ops.to_corners(t["boxes"]), "masks": t["masks"].to(torch.uint8)}
                  for t in targets] if self.training else None  # fmt: skip
        images, framed = self.detector.transform(list(pictures), framed)
        features = self.detector.backbone(images.tensors)
        with torch.autocast(images.tensors.device.type, enabled=False):  # bfloat16 knows boxes to some 4 pixels only
            features = {name: part.float() for name, part in features.items()}
            return self._read(features, images.image_sizes, images, framed, sizes, targets)

    def _read(self, features, seen, images, framed, sizes, targets):
        """The rest of `forward`, all heads. seen: sizes of the resized pictures. framed: targets for torchvision."""
        proposals, losses = self.detector.rpn(images, features, framed)
        found, more = self.detector.roi_heads(features, proposals, seen, framed)
        if self.training:
            cameras = [resize_intrinsics(t["K"], size, new)
                       for t, size, new in zip(targets, sizes, seen, strict=True)]  # fmt: skip
            return {**losses, **more, **self._shape_losses(features, proposals, seen, framed, cameras)}
        self._add_shapes(features, found, seen)
        for result in self.detector.transform.postprocess(found, seen, sizes):
            result["boxes"] = box_ops.from_corners(result["boxes"])
        return found

    def shapes(self, features, boxes, sizes, refine=True):
        """Voxels and meshes for given boxes.

        Args:
            features: dict of maps, as the backbone makes them. boxes: list of (N, 4), corners, in the pixels that the
                backbone saw. sizes: list of (height, width) of the pictures. refine: False makes no meshes.
        Returns:
            logits (sum of N, V, V, V), or None without a voxel head; list over the stages of sum of N meshes in their
            cubes, the first of which are not refined yet (without stages where nothing is refined).
        """
        logits, number = None, sum(map(len, boxes))
        if self.start == "voxels":
            logits = self.voxel_head(self.voxel_crop(features, boxes, sizes))
        if not number:
            return logits, [[] for _ in range(1 + len(self.mesh_head.stages))]
        if not refine:
            return logits, []
        if logits is not None:
            begin = filled_cubes(logits, self.threshold)
        else:
            sphere = icosphere(2 if self.start == "finer sphere" else 4)
            begin = [tuple(part.to(boxes[0].device) for part in sphere)] * number
        return logits, [begin, *self.mesh_head(self.mesh_crop(features, boxes, sizes), begin)]

    @torch.no_grad()
    def look(self, pictures, boxes):
        """What the heads see at given boxes, for experiments with known boxes.

        Args:
            pictures: list of (3, H, W). boxes: list of (N, 4), (x, y, w, h), one for each picture.
        Returns:
            crops for the voxel head (sum of N, C, 12, 12) and for the mesh head (sum of N, C, 14, 14); the sizes are
            those that the network was made with.
        """
        corners = [{"boxes": box_ops.to_corners(own)} for own in boxes]
        images, corners = self.detector.transform(list(pictures), corners)
        corners = [own["boxes"] for own in corners]
        features = self.detector.backbone(images.tensors)
        return tuple(crop(features, corners, images.image_sizes) for crop in (self.voxel_crop, self.mesh_crop))

    def _add_shapes(self, features, found, sizes):
        boxes, counts = [result["boxes"] for result in found], [len(result["boxes"]) for result in found]
        logits, stages = self.shapes(features, boxes, sizes)
        labels = torch.cat([result["labels"] for result in found])
        predicted = self.z_head(self.z_crop(features, boxes, sizes))
        ratio = predicted[torch.arange(len(labels), device=labels.device), labels - 1].clamp(max=DEEPEST).exp()
        firsts = [sum(counts[:i]) for i in range(len(counts))]
        for result, first, count, own in zip(found, firsts, counts, ratio.split(counts), strict=True):
            result["ratio"] = own
            result["stages"] = [meshes[first : first + count] for meshes in stages]
            if logits is not None:
                result["voxels"] = logits[first : first + count].sigmoid()

    def _shape_losses(self, features, proposals, sizes, targets, cameras):
        """On proposals that meet an object, a sample drawn for these heads alone."""
        boxes, truths, labels, _ = self.detector.roi_heads.select_training_samples(proposals, targets)
        chosen = [(kind > 0).nonzero()[: self.objects, 0] for kind in labels]
        boxes = [own[rows] for own, rows in zip(boxes, chosen, strict=True)]
        if not sum(map(len, boxes)):
            return {}
        refine = any(self.weights[name] for name in ("chamfer", "normals", "edge"))
        logits, stages = self.shapes(features, boxes, sizes, refine)
        voxels, points, normals, ratios = [], [], [], []
        for own, truth, rows, target, K in zip(boxes, truths, chosen, targets, cameras, strict=True):
            for box, number in zip(box_ops.from_corners(own), truth[rows].tolist(), strict=True):
                (vertices, faces), inside = target["meshes"][number], target["inside"][number]
                z_range = torch.stack(torch.aminmax(vertices[:, 2]))
                if refine:
                    surface = sample_surface(to_cube(vertices, box, z_range, K), faces, self.samples)
                    points.append(surface[0])
                    normals.append(surface[1])
                ratios.append(depth_ratio(vertices, box, K[0, 0]))
                if logits is not None:
                    voxels.append(fill(to_cube(inside, box, z_range, K), logits.shape[-1]))
        found = {}
        if refine:
            points, normals = torch.stack(points), torch.stack(normals)
            found = mesh_losses(stages[1:], points, normals, self.samples)
            if points.abs().max() > TOO_FAR:
                found = {name: value * 0 for name, value in found.items()}
        classes = torch.cat([own[rows] for own, rows in zip(labels, chosen, strict=True)]) - 1
        predicted = self.z_head(self.z_crop(features, boxes, sizes))[torch.arange(len(classes)), classes]
        found["z"] = smooth_l1_loss(predicted, torch.stack(ratios).log())
        if logits is not None:
            found["voxels"] = binary_cross_entropy_with_logits(logits, torch.stack(voxels))
        return {f"loss_{name}": self.weights[name] * value for name, value in found.items()}


def meshes_in_camera(result, K, middle=1.0, stage=-1):
    """Detections' meshes in the camera's axes.

    Args:
        result: one dict of `MeshRCNN`'s. K: (3, 3), of the picture.
        middle: depth of the objects' middles, a number or (N,). One picture has no scale: with 1, everything is in
            units of this unknown distance.
        stage: 0 for the cubes, -1 for the last.
    Returns:
        list of N pairs (vertices (V, 3), faces (F, 3)).
    """
    ranges = depth_range(result["ratio"], result["boxes"], K[0, 0].item(), middle)
    return [
        (from_cube(vertices, box, z_range, K), faces)
        for (vertices, faces), box, z_range in zip(result["stages"][stage], result["boxes"], ranges, strict=True)
    ]


def surest(result, overlap=0.5):
    """One detection for each thing: those that overlap with a surer one go, whatever their labels.

    Args:
        result: one dict of `MeshRCNN`'s, whose own suppression looks at each class alone. overlap: IoU from which two
            boxes are of one thing.
    Returns:
        dict of the same kind, best first.
    """
    kept = []
    for number, box in enumerate(result["boxes"]):
        if not kept or box_ops.iou(box, result["boxes"][kept]).max() < overlap:
            kept.append(number)
    stages = [[meshes[number] for number in kept] for meshes in result["stages"]]
    return {**{name: value[kept] for name, value in result.items() if name != "stages"}, "stages": stages}


def _check(pictures, targets):
    if targets is None or len(targets) != len(pictures):
        raise CourseError(
            f"{len(pictures)} pictures came with {'no' if targets is None else len(targets)} targets: in training each "
            "needs one. Call .eval() to predict."
        )
    for number, target in enumerate(targets):
        if missing := [name for name in NEEDED if name not in target]:
            raise CourseError(f"target {number} lacks {', '.join(missing)}; expected {', '.join(NEEDED)}.")
