"""Depth of a whole video that agrees from frame to frame.

    pairs         which frames are compared with which
    geometry      what the depth of one frame says about another: the losses
    calibration   the scale between a network's depth and the camera's path
    deformation   a coarse grid of factors that mends a depth map in the large
    poses         cameras and grids from depth and flow, by optimisation
    filter        each pixel's depth from several frames
    robust        the turns: cameras and grids, training, filter; without structure from motion
    measures      how steady the result is: photometric error, instability, drift

Luo et al., "Consistent Video Depth Estimation", SIGGRAPH 2020, arXiv:2004.15021 (CVD below), and Kopf et al., "Robust
Consistent Video Depth Estimation", CVPR 2021, arXiv:2012.05901. Cameras, poses and depth are those of
`course_lib.ops.camera`; both papers' codes use OpenGL's axes, which give the same numbers.
"""
