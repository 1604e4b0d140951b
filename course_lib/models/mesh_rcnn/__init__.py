"""Mesh R-CNN: all objects of a picture as boxes, labels, masks, and as voxels that become meshes in three stages.

Georgia Gkioxari, Jitendra Malik, Justin Johnson, "Mesh R-CNN", ICCV 2019, arXiv:1906.02739, Section 3 and appendix.

    MeshRCNN, Pix3D, ResNet-50-FPN   60,968,784   (Mask R-CNN 43,965,451, of which the background's box and mask, which
                                                  detectron2 does not have, are 4,357; voxel head 2,628,888, mesh head
                                                  469,540, z head 13,904,905)
    VoxMesh, ShapeNet, ResNet-50     32,117,652   (trunk 23,508,032, voxel head 6,763,824, mesh head 1,845,796)
    SphereMesh, ShapeNet, ResNet-50  25,353,828   (no voxel head; the sphere cannot open)

`heads` has what both kinds share, `network` the whole with torchvision's Mask R-CNN (`detector`), `shapenet` the
network for one object, `layouts` the released weights' names.

Differences from the paper, all as in the released code: the bias of W_1 counts once per neighbour (see
`course_lib.models.graph_conv`); a stage also sees the vertices' positions in every layer. Differences from the released
code: where no voxel is filled, the middle half of the grid is, also on Pix3D; the shape heads draw their own sample of
proposals; pictures are resized by torchvision's rule; the camera's principal point is at (W - 1) / 2, where that code
has W / 2 - 1 (it counts from 0 and mirrors with W - 1 - x - px).
"""

from course_lib.models.mesh_rcnn.detector import PartlyLabelled, mini_detector, published_detector
from course_lib.models.mesh_rcnn.heads import MeshHead, Stage, VoxelHead, ZHead, project
from course_lib.models.mesh_rcnn.losses import mesh_losses
from course_lib.models.mesh_rcnn.network import PIX3D, WEIGHTS, MeshRCNN, meshes_in_camera, surest
from course_lib.models.mesh_rcnn.shapenet import (
    BLENDER_K,
    THRESHOLD,
    ResNetTrunk,
    SphereMesh,
    VoxMesh,
    filled_cubes,
    voxels_to_camera,
)

__all__ = [
    "BLENDER_K", "PIX3D", "THRESHOLD", "WEIGHTS", "MeshHead", "MeshRCNN", "PartlyLabelled", "ResNetTrunk", "SphereMesh",
    "Stage", "VoxMesh", "VoxelHead", "ZHead", "filled_cubes", "mesh_losses", "meshes_in_camera", "mini_detector",
    "project", "published_detector", "surest", "voxels_to_camera",
]  # fmt: skip
