"""Cameras of a real video, by structure from motion: COLMAP through pycolmap (`pip install "course_lib[sfm]"`).

COLMAP finds corners, matches them between frames, and solves for all cameras and points together (Schoenberger and
Frahm, "Structure-from-Motion Revisited", CVPR 2016). Its scale is arbitrary: `calibration` settles that.

Two conventions differ from the course's and are changed here: COLMAP's poses go from the world to the camera, and its
pixel (0, 0) is the *corner* of the upper left pixel, so that the pixel's centre is (0.5, 0.5).
"""

from dataclasses import dataclass
from pathlib import Path

import torch

from course_lib.errors import DataError
from course_lib.ops.camera import inverse, rigid

REGISTERED = 0.95  # share of the frames that must get a camera (CVD's code asks for as many)
OVERLAP = 10  # frames ahead with which each frame is matched; COLMAP adds frames 2, 4, 8, ... times as far
WORST = 2.0  # pixels: points that miss their places by more on average serve no calibration


@dataclass
class Cameras:
    """What structure from motion knows.

    Attributes:
        frames: (T,) long, numbers of the frames that have a camera.
        K: (3, 3). poses: (T, 4, 4) camera to world, in a scale of their own.
        depth: (T, H, W) z of the sparse points at the pixels nearest to them, 0 elsewhere.
    """

    frames: torch.Tensor
    K: torch.Tensor
    poses: torch.Tensor
    depth: torch.Tensor


def from_colmap(reconstruction, names, size, registered=REGISTERED):
    """Cameras and sparse depth of a `pycolmap.Reconstruction` whose frames all come from one camera.

    Args:
        reconstruction: with `images`, `cameras` and `points3D` as pycolmap has them.
        names: file names of the T frames, in order. size: (H, W) of the frames.
        registered: share of the frames that must have a camera.
    Raises:
        DataError: if fewer have one, or the camera has lens distortion (ask COLMAP for a pinhole).
    """
    images = {image.name: image for image in reconstruction.images.values()}
    found = [number for number, name in enumerate(names) if name in images and _motion(images[name]) is not None]
    if len(found) < max(2, registered * len(names)):
        raise DataError(
            f"COLMAP found a camera for {len(found)} of {len(names)} frames, expected at least {registered:.0%} of "
            "them. Usual causes: the camera only turns, or hardly moves; blur; walls without texture; much that moves. "
            "Choose a part of the video (--start, --frames) in which the camera travels past things."
        )
    K, poses = None, []
    depth = torch.zeros(len(found), *size)
    for row, number in enumerate(found):
        image = images[names[number]]
        camera = reconstruction.cameras[image.camera_id]
        if "PINHOLE" not in str(getattr(camera, "model_name", None) or camera.model):
            raise DataError("The camera has a model with lens distortion, expected SIMPLE_PINHOLE or PINHOLE.")
        K = torch.as_tensor(camera.calibration_matrix(), dtype=torch.float64).clone()
        K[:2, 2] -= 0.5
        motion = torch.as_tensor(_motion(image), dtype=torch.float64)  # (3, 4), world to camera
        poses.append(inverse(rigid(motion[:, :3], motion[:, 3])))
        _mark(depth[row], image, reconstruction.points3D, motion)
    return Cameras(torch.tensor(found), K.float(), torch.stack(poses).float(), depth)


def reconstruct(folder, names, workspace, masks=None, size=None):
    """Run COLMAP on pictures.

    Args:
        folder: of the pictures. names: file names in order. workspace: folder for COLMAP's own files.
        masks: folder with NAME.png per picture, black where COLMAP is to look away, or None.
        size: (H, W) of the pictures.
    Returns:
        Cameras
    Raises:
        DataError: if pycolmap is not installed, or finds no cameras.
    """
    pycolmap = _load()
    workspace = Path(workspace)
    workspace.mkdir(parents=True, exist_ok=True)
    database = workspace / "database.db"
    database.unlink(missing_ok=True)  # what an interrupted run left would be matched twice
    reader = pycolmap.ImageReaderOptions()
    reader.camera_model = "SIMPLE_PINHOLE"
    if masks is not None:
        reader.mask_path = str(masks)
    pycolmap.extract_features(database, folder, image_names=list(names), camera_mode=pycolmap.CameraMode.SINGLE,
                              reader_options=reader)  # fmt: skip
    pairing = pycolmap.SequentialPairingOptions()
    pairing.overlap, pairing.quadratic_overlap = OVERLAP, True
    pycolmap.match_sequential(database, pairing_options=pairing)
    maps = pycolmap.incremental_mapping(database, folder, workspace)
    if not maps:
        raise DataError("COLMAP found no two frames to begin with: the camera must travel, and the scene have texture.")
    return from_colmap(max(maps.values(), key=lambda one: one.num_reg_images()), names, size)


def _load():
    try:
        import pycolmap
    except ImportError:
        raise DataError(
            'Cameras of a real video come from COLMAP, and pycolmap is not installed: pip install "course_lib[sfm]".'
        ) from None
    return pycolmap


def _motion(image):
    """(3, 4) from world to camera, or None; pycolmap 3.12 made an attribute a method."""
    if getattr(image, "has_pose", True) in (False, None):
        return None
    motion = image.cam_from_world
    motion = motion() if callable(motion) else motion
    return None if motion is None else motion.matrix()


def _mark(depth, image, points, motion):
    """Write z of the points that a picture shows into its depth map, the nearest of those that share a pixel."""
    height, width = depth.shape
    for seen in image.points2D:
        if not seen.has_point3D() or points[seen.point3D_id].error > WORST:
            continue
        x, y = (int(v // 1) for v in seen.xy)  # corner at 0: the pixel that holds the place
        place = torch.as_tensor(points[seen.point3D_id].xyz, dtype=torch.float64)
        z = (motion[2, :3] @ place + motion[2, 3]).item()
        if z > 0 and 0 <= x < width and 0 <= y < height and (depth[y, x] == 0 or z < depth[y, x]):
            depth[y, x] = z
