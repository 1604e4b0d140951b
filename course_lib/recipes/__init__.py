"""Recipes: how the lectures' networks are trained outside the notebooks.

`course train NN` trains a network of published size on real data: `lectures` finds the recipe of a lecture, `training`
does what all of them share (processes, device, seed, checkpoints, looks at the metric, what is said). The other files
say what is their own, and only that: `clips` labelled videos (03, 05 to 12), `mdnet` and `siamfc` sequences with boxes
for trackers (13, 14), `correspondence` matching points of two pictures (15, 16), `flow` pairs of pictures with their
flow (17, 18), `depth` RGB-D frames (19), `voxels` pictures with voxels (20), `points` labelled point clouds (21),
`meshes` pictures with points of a surface (22), `mesh_rcnn` pictures with one object's mesh (23). `flow_experts` and
`depth_expert` train the small networks whose weights ship, for lectures 18, 24 and 25.

To add a lecture, write one file with four names and put it into `KINDS` of `lectures`:

    NETWORKS = {"22": {"Pixel2Mesh": Pixel2Mesh}}  # lecture: {name: what the file needs}; the first is the default
    DATASETS = {"shapenet": shapenet}  # name: what the file needs; the first is the default; empty: no choice
    NEEDS = "renderings with meshes"  # what they hold, for the message when another was asked for

    def training(run, name) -> Training:  # reads run.data; what is learned, on what, and how it is measured

A data set is read by a subclass of `course_lib.data.sets.step_batches.StepBatches`, which asks for example after
example, moves the batch to the device and calls `ready`; examples of different sizes (meshes, point clouds, boxes) come
with a `collate` of their own, such as `list`. Several stages, such as a voxel branch before its mesh branch, are
several `Stage`s of one `Training`. A new data set also goes into the options of `course train`; a test says so.
"""
