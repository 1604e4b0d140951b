# %% [markdown]
# # 23 · Which things are in this picture, and what shape has each?
#
# *Deep Learning for Video, lecture 23. About 75 minutes. Two CPU cores are enough; the last section uses a GPU, Pix3D
# and published weights when they are there.*

# %% tags=["setup"]
course = start("23")

# %%
import os
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

from course_lib.data.sets.pix3d import pix3d
from course_lib.data.worlds.furnished import FurnishedWorld
from course_lib.data.worlds.shapes import grid
from course_lib.describe import count, describe
from course_lib.metrics.meshes import mesh_scores, pix3d_ap
from course_lib.models.mesh_rcnn import (
    MeshHead,
    MeshRCNN,
    VoxelHead,
    filled_cubes,
    mesh_losses,
    meshes_in_camera,
    surest,
)  # fmt: skip
from course_lib.ops import boxes as box_ops
from course_lib.ops.batches import minibatches
from course_lib.ops.frustum import fill, from_cube, to_cube
from course_lib.ops.meshes import cubify, icosphere, join, normal_consistency, sample_surface, unique_edges, vert_align
from course_lib.ops.points import chamfer
from course_lib.plots import diagram, from_memory, show, table
from course_lib.plots.space import draw_mesh, draw_points, side_by_side
from course_lib.train import fit, fresh, supervised, trained
from course_lib.widgets.mesh_way import MeshWay

# %% [markdown] tags=["objective"]
# **After this lecture you can**
#
# - say which parts Mesh R-CNN adds to Mask R-CNN, and what each of them predicts;
# - turn voxels into a mesh, and say in which space the voxels live and why;
# - write one stage of mesh refinement, and the three losses it learns from;
# - explain why a mesh may be nearer to the truth and yet worse, and why a sphere cannot become a ring;
# - run the whole network: from one picture to boxes, labels, masks and meshes of all things in it.

# %% [markdown]
# A picture, and all that a network shall say about it: where each thing is (box), what it is (label), which pixels it
# covers (mask), and its shape in space, also of the side that nobody sees (mesh).

# %%
KINDS = ("chair", "table", "lamp", "ring")
world = FurnishedWorld(96, 128, KINDS)
rooms = FurnishedWorld(96, 128, KINDS, pieces=(3, 3)).pictures(8, seed=11 + course.seed)
room = min(rooms, key=lambda one: (-len(one.labels.unique()), box_ops.iou(one.boxes[:, None], one.boxes).sum().item()))
# (the one with most kinds, and among those the one where they hide each other least)


def outlined(picture, boxes=(), masks=()):
    """A picture (3, H, W) with boxes and masks in it, three times as large: (3 H, 3 W, 3) uint8."""
    shown = (picture.clamp(0, 1) * 255).byte().permute(1, 2, 0).numpy().repeat(3, 0).repeat(3, 1)
    for number, mask in enumerate(masks):
        inside = np.asarray(mask).repeat(3, 0).repeat(3, 1)
        shown[inside] = shown[inside] // 2 + np.array([(0, 57, 89), (115, 79, 0), (102, 60, 83)])[number % 3]
    for x, y, w, h in (3 * torch.as_tensor(boxes)).round().long().tolist():
        for rows, columns in ((y, slice(x, x + w)), (y + h - 1, slice(x, x + w)), (slice(y, y + h), x),
                              (slice(y, y + h), x + w - 1)):
            shown[min(rows, shown.shape[0] - 1) if isinstance(rows, int) else rows,
                  min(columns, shown.shape[1] - 1) if isinstance(columns, int) else columns] = 0
    return shown


def in_space(meshes, turn, size=288):
    """Meshes in the camera's axes, as one, seen from another side: (size, 1.33 size, 3) uint8."""
    vertices, faces, _ = join(meshes)
    middle = (vertices.amin(0) + vertices.amax(0)) / 2
    reach = (vertices - middle).abs().max()
    drawn = draw_mesh(vertices - middle, faces, turn=turn, above=30, size=size, reach=reach, lines=False)
    return np.pad(drawn, ((0, 0), (size // 6, size // 6), (0, 0)), constant_values=255)


show(side_by_side({"the picture": outlined(room.picture),
                   "boxes and masks": outlined(room.picture, room.boxes, room.masks),
                   "meshes, from the right": in_space(room.meshes, 60)}),
     alt="Three pieces of furniture; the same with boxes and tinted masks; and their meshes, seen from another side.")

# %% [markdown]
# Who needs that? A robot that reaches behind a cup must know where the cup ends. Augmented reality lets a ball roll
# under a real table. A shop measures a room from one photograph. All of them look at pictures of *many* things, while
# the networks of lectures 20 to 22 took one thing, cut out and alone.
#
# **Mesh R-CNN** (Gkioxari, Malik and Johnson, ICCV 2019) takes the best detector of its time, Mask R-CNN, which gives
# boxes, labels and masks, and adds a **mesh head**. In a sentence: a *voxel branch* predicts a coarse shape for each
# object, and a *mesh refinement branch* deforms it in stages.
#
# ## Mask R-CNN, in four lines
#
# A trunk makes feature maps. A *region proposal network* says for thousands of fixed boxes (anchors) whether there is
# a thing, and how to shift the box. From each good box **RoIAlign** cuts a small map of one size, by bilinear sampling.
# *Heads* read these crops: one gives the label and a better box, one a mask of $M \times M$ pixels. A new head is just
# another reader of crops, and that is how a third dimension gets in. At the published size:

# %%
published = MeshRCNN()
for name in ("detector", "voxel_head", "mesh_head", "z_head"):
    print(f"{name:12} {count(sum(p.numel() for p in getattr(published, name).parameters())):>9} parameters")
fig, ax = diagram(describe(VoxelHead.pix3d(), (256, 12, 12), repeats=0))
show(fig, alt="The voxel head: four convolutions on a crop of 256 x 12 x 12, a transposed convolution that doubles it, "
              "and a last one with 24 channels, which are read as depth.")

# %% [markdown]
# ## The voxel branch
#
# The mask head predicts an $M\times M$ grid in the image plane. The voxel head does the same with one axis more: a
# $G \times G \times G$ grid of occupancy probabilities, the *full* shape. It stays a 2D network: its last layer has $G$
# output channels, and channel $k$ is the slice at depth $k$. These are the voxel tubes of lecture 20.
#
# ### Cubify
#
# Then probabilities become a mesh. Every voxel above a threshold becomes a cube; cubes that touch share vertices, and
# the sides between two filled voxels are left out. One voxel gives 8 vertices, 18 edges and 12 faces: 12 edges of the
# cube and a diagonal on each of its 6 sides; two triangles per side.

# %%
def counted(*filled):
    """(vertices, edges, faces) of the mesh of some filled voxels (z, y, x)."""
    voxels = torch.zeros(4, 4, 4)
    for place in filled:
        voxels[place] = 1
    vertices, faces = cubify(voxels, 0.5)
    return len(vertices), len(unique_edges(faces)), len(faces)


print("one voxel          ", counted((1, 1, 1)))
print("two, a common side ", counted((1, 1, 1), (1, 1, 2)))

# %% [markdown]
# With a pencil: two cubes have 16 vertices, and a common side merges four pairs. Now two cubes that touch only along an
# *edge*. How many vertices?

# %% tags=["predict"]
edge_guess = predict("Vertices of two cubes that share an edge?", None)

# %%
edge_guess.reveal(counted((1, 1, 1), (1, 2, 2))[0])
print("vertices, edges, faces:", counted((1, 1, 1), (1, 2, 2)))

# %% [markdown]
# Fourteen: two pairs are merged, and *four* faces meet at the common edge. Such a mesh is not a surface in the strict
# sense (not *manifold*), and no later step repairs that. Mesh R-CNN lives with it.
#
# ## Exercise 23.1: The surface of filled voxels
#
# Count vertices and triangles of a whole grid. Two questions: between which neighbours is a side open? Which corners
# of the grid does an open side touch? Outside the grid everything is empty.

# %% tags=["exercise"] exercise="23.1" points=2
def cube_surface(filled):
    """(vertices, triangles) of the mesh of filled voxels.  filled (D, H, W) bool -> two whole numbers"""
    # BEGIN SOLUTION
    padded = F.pad(filled.long(), (1,) * 6)
    sides = sum(padded.diff(dim=axis).abs().sum() for axis in range(3))
    near = sum(
        padded[z : z - 1 or None, y : y - 1 or None, x : x - 1 or None] for z in (0, 1) for y in (0, 1) for x in (0, 1)
    )
    corners = ((near > 0) & (near < 8)).sum()
    return corners, 2 * sides
    # END SOLUTION


# %% tags=["check"]
cube_surface = check("23.1", cube_surface)

# %% [markdown] tags=["hint"]
# <details>23.1</details>

# %% [markdown]
# ### Which space are the voxels in?
#
# A crop of the picture holds what lies behind a box, and that is no box in space: rays spread, so far things need more
# room for the same pixels. If the voxels were cubes in space, a column of voxels would cross many columns of the
# picture, and the head would have to learn perspective. So the voxels are predicted in a space that is **transformed by
# the camera matrix $K$**. In it, column $k$ of the grid is column $k$ of the crop, at every depth. Going back to the
# camera, the cube becomes a *frustum*, a pyramid without its top:

# %%
box, z_range = room.boxes[0], torch.tensor([2.0, 4.0])
cells = from_cube(grid(8).flatten(0, 2) * 2, box, z_range, room.K)
cube = grid(8).flatten(0, 2)
show(side_by_side({"voxels in the cube": draw_points(cube, turn=25, above=60, size=260, reach=0.9),
                   "the same in front of the camera": draw_points(cells - cells.mean(0), turn=25, above=60, size=260)}),
     alt="The middles of 8 x 8 x 8 voxels: even in the cube; in space they spread with the distance and lie further "
         "apart from each other.")

# %% [markdown]
# The map from space into the cube is two *projective* maps: straight lines stay straight. Across, it is the projection
# itself, from the left edge of the box ($u=-1$) to its right edge ($u = 1$). Along the ray it must have the form
# $w = a + b / z$; with $w(z_1) = -1$ and $w(z_2) = 1$ for the nearest and the farthest depth,
#
# $$ w = \frac{z_1 + z_2 - 2 z_1 z_2 / z}{z_2 - z_1}. $$
#
# The range is from 2 m to 4 m. At which depth is the middle of the cube, $w = 0$?

# %% tags=["predict"]
middle_guess = predict("Depth of w = 0, in m, for a range from 2 to 4?", None, unit="m")

# %%
middle_guess.reveal(round(from_cube(torch.zeros(1, 3), box, z_range, room.K)[0, 2].item(), 2))

# %% [markdown]
# The harmonic mean, $2 / (\frac12 + \frac14)$: even steps of $w$ are even steps of $1/z$. Near voxels are thinner than
# far ones, as they are smaller across.
#
# ## Exercise 23.2: Voxels in the space of K
#
# Take points of the camera's axes into the cube. A trap that costs half a pixel: $K$ gives pixel *centres*, which lie
# at whole numbers, and a box is measured between pixel *edges* (lectures 13 and 19). A point whose $K$-coordinates
# are (0, 0) lies at (0.5, 0.5) for the box.

# %% tags=["exercise"] exercise="23.2" points=3
def into_the_cube(points, box, z_range, K):
    """points (P, 3) in the camera's axes, box (x, y, w, h), z_range (near, far), K (3, 3) -> (P, 3) in the cube"""
    # BEGIN SOLUTION
    x, y, z = points.unbind(-1)
    column = K[0, 0] * x / z + K[0, 2] + 0.5
    row = K[1, 1] * y / z + K[1, 2] + 0.5
    left, top, width, height = box
    near, far = z_range
    u = 2 * (column - left) / width - 1
    v = 2 * (row - top) / height - 1
    w = (near + far - 2 * near * far / z) / (far - near)
    return torch.stack([u, v, w], -1)
    # END SOLUTION


# %% tags=["check"]
into_the_cube = check("23.2", into_the_cube)

# %% [markdown] tags=["hint"]
# <details>23.2</details>

# %% [markdown]
# Who knows $z_1$ and $z_2$? Lecture 19: one picture has no scale. A third head, the **z head**, predicts the part that
# a picture can tell: $\log(\Delta z / h)$, how deep the object is against the height of its box, for each class. With a
# focal length $f$ and the depth $z_c$ of its middle, $\Delta z = e^{z\,\text{head}} \, h\, z_c / f$. And $z_c$ itself?
# Nobody knows it: the published evaluation takes it from the truth.
#
# ## The mesh refinement branch
#
# Cubes are coarse and all their sides look alike. Three stages now move the vertices, each with three steps.
#
# **1. Vertex alignment**: project each vertex into the feature map and interpolate there. On Pix3D the vertices live in
# the crop's own cube, so $(u, v)$ *is* the place in the crop. By hand, on a map of 2 x 2 with -1 and 1 at the centres
# of its pixels:

# %%
small_map = torch.tensor([[[[1.0, 2.0], [3.0, 8.0]]]])
places = torch.tensor([[[-1.0, -1.0, 0.3], [0.0, -1.0, 0.0], [0.0, 0.0, -0.7]]])  # a corner, an edge, the middle
print(vert_align(small_map, places)[0, :, 0])  # 1, (1 + 2) / 2, (1 + 2 + 3 + 8) / 4; z does not matter

# %% [markdown]
# **2. Graph convolution**: each vertex sees only its own pixel. To move sensibly it must hear from its neighbours
# $N(i)$, and this is a convolution on a graph, with the *same* $W_0, W_1$ at all vertices (lecture 22):
#
# $$ f'_i = W_0 f_i + \sum_{j\in N(i)} W_1 f_j $$
#
# **3. Vertex refinement**: $v'_i = v_i + \tanh(W_{vert}[f'_i; v_i])$. Vertices move, by less than 1 along each axis;
# the **topology stays fixed**: which vertices are joined, how many holes there are, all that the cubes decided.
#
# ## Exercise 23.3: One stage of refinement
#
# Write a stage with a single graph convolution, followed by a ReLU. `seen` is what vertex alignment found; the
# convolution reads $f_i = [\text{seen}_i; v_i]$. Each edge is listed once, and lets both its ends hear of each other.

# %% tags=["exercise"] exercise="23.3" points=3
def refine(vertices, seen, edges, w0, w1, w_vert):
    """vertices (V, 3), seen (V, C), edges (E, 2), w0 and w1 (D, C + 3), w_vert (3, D + 3) -> (V, 3)"""
    # BEGIN SOLUTION
    features = torch.cat([seen, vertices], 1)
    messages = features @ w1.T
    a, b = edges.unbind(1)
    summed = torch.zeros_like(messages).index_add(0, a, messages[b]).index_add(0, b, messages[a])
    features = (features @ w0.T + summed).relu()
    return vertices + torch.tanh(torch.cat([features, vertices], 1) @ w_vert.T)
    # END SOLUTION


# %% tags=["check"]
refine = check("23.3", refine)

# %% [markdown] tags=["hint"]
# <details>23.3</details>

# %% [markdown]
# ## Three losses
#
# Which mesh is right? The same surface has many meshes, so vertices cannot be compared with vertices. The way out:
# **sample both surfaces densely**, and compare points. With $P$ and $Q$ points of prediction and truth, $u_p$ the unit
# normal at $p$, and $\Lambda_{P,Q}$ the pairs $(p, q)$ in which $q$ is the nearest point of $Q$ for $p$:
#
# $$ L_{cham} = \frac{1}{|P|}\sum_{(p,q)\in\Lambda_{P,Q}} \|p - q\|^2
#    + \frac{1}{|Q|}\sum_{(q,p)\in\Lambda_{Q,P}} \|q - p\|^2 $$
#
# $$ L_{norm} = -\frac{1}{|P|}\sum_{(p,q)\in\Lambda_{P,Q}} |u_p\cdot u_q|
#    - \frac{1}{|Q|}\sum_{(q,p)\in\Lambda_{Q,P}} |u_q\cdot u_p| $$
#
# The first is lecture 21's Chamfer distance (its `mesh_rcnn` convention). By hand, $P = \{0, 1\}$ and $Q = \{0\}$ on a
# line: $\frac12(0 + 1) + 0 = 0.5$.

# %%
print(chamfer(torch.tensor([[0.0, 0, 0], [1, 0, 0]]), torch.tensor([[0.0, 0, 0]])))

# %% [markdown]
# ## Exercise 23.4: The normal loss
#
# The nearest point is found by *place*; normals are compared by the absolute value of the dot product, so that a face
# turned inside out is no error.

# %% tags=["exercise"] exercise="23.4" points=2
def normal_loss(p, q, p_normals, q_normals):
    """L_norm.  p (P, 3), q (Q, 3), their unit normals of the same shapes -> scalar, -2 at best"""
    # BEGIN SOLUTION
    apart = torch.cdist(p, q)
    forward = (p_normals * q_normals[apart.argmin(1)]).sum(1).abs().mean()
    backward = (q_normals * p_normals[apart.argmin(0)]).sum(1).abs().mean()
    return -forward - backward
    # END SOLUTION


# %% tags=["check"]
normal_loss = check("23.4", normal_loss)

# %% [markdown] tags=["hint"]
# <details>23.4</details>

# %% [markdown]
# These two alone are blind to how the points are *joined*. A mesh that crumples, with faces over faces, can have points
# everywhere near the truth. So a third loss keeps edges short:
# $L_{edge} = \frac{1}{|E|}\sum_{(v,v')\in E} \|v - v'\|^2$.
#
# ## Exercise 23.5: Fix the bugs: the edge loss
#
# This one is wrong twice. For a single triangle with legs 3 and 4 it gives 4, and should give $(9 + 16 + 25) / 3$. When
# that is mended, try two triangles with a common edge: they have five edges.

# %% tags=["exercise"] exercise="23.5" points=2
def mean_edge(vertices, faces):
    """L_edge: mean squared length of the edges, each once.  vertices (V, 3), faces (F, 3) -> scalar"""
    pairs = torch.cat([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]])
    # BEGIN SOLUTION
    edges = pairs.sort(dim=1).values.unique(dim=0)
    difference = vertices[edges[:, 0]] - vertices[edges[:, 1]]
    return (difference**2).sum(1).mean()
    # STARTING POINT
    # difference = vertices[pairs[:, 0]] - vertices[pairs[:, 1]]
    # return difference.norm(dim=1).mean()
    # END SOLUTION


# %% tags=["check"]
mean_edge = check("23.5", mean_edge)

# %% [markdown] tags=["hint"]
# <details>23.5</details>

# %% [markdown]
# The loss of a stage is a weighted sum of the three, and the loss of the branch sums the stages (on Pix3D with weights
# 1, 0.1 and 1; the voxels' cross-entropy counts 3).
#
# ### What the edge loss buys, and what it costs
#
# No network now: take the cubes of a chair's voxels, and move their vertices by gradient descent, once with the
# Chamfer loss alone and once with the edge loss beside it, at the weight 0.2 of the paper's ShapeNet models. Which of
# the two ends with the smaller Chamfer distance?

# %% tags=["predict"]
edge_loss_guess = predict("Smaller Chamfer distance: 'with' or 'without' the edge loss?", None)

# %%
def deformed(shape, weight, steps=60):
    """The cubes of a shape's voxels after some steps down the loss: Chamfer distance, folds, vertices, faces."""
    generator = course.generator()
    true = tuple(part * 2 if part.is_floating_point() else part for part in shape.mesh(24))  # into -1..1
    start, faces = cubify(shape.voxels(12).float(), 0.5, align="corner")
    vertices = start.clone().requires_grad_()
    optimizer = torch.optim.Adam([vertices], 0.02)
    goal = sample_surface(*true, 1200, generator)[0]
    for _ in range(course.pick(cpu=steps, smoke=2)):
        loss = chamfer(sample_surface(vertices, faces, 500, generator)[0], goal) + weight * mean_edge(vertices, faces)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    found = vertices.detach()
    apart = chamfer(sample_surface(found, faces, 2000, generator)[0], sample_surface(*true, 2000, generator)[0])
    return apart.item(), normal_consistency(found, faces).item(), found, faces


furniture = [world.shapes.shape(kind, seed=course.seed) for kind in ("chair", "table", "lamp")]
free = [deformed(shape, 0.0) for shape in furniture]
kept = [deformed(shape, 0.2) for shape in furniture]

# %% [markdown]
# Two measures: the Chamfer distance, and how sharply neighbouring faces *fold*, the mean of $1 - \cos$ of their angle.
# Folds are 0 in a plane, 1 at a right angle, and 2 where a face lies back on its neighbour.

# %%
means = {name: tuple(float(np.mean([run[i] for run in runs])) for i in (0, 1))
         for name, runs in (("without", free), ("with", kept))}
edge_loss_guess.reveal(min(means, key=lambda name: means[name][0]))
table({f"{name} the edge loss": values for name, values in means.items()},
      columns=("Chamfer", "folds"), best=None, number="{:.4f}",
      source="three pieces of furniture in a cube from -1 to 1, this run")

# %% tags=["claim"]
gain = 100 * (1 - means["without"][0] / means["with"][0])
claim("Without the edge loss the Chamfer distance is more than 3 % smaller, and the mesh degenerates: its faces fold "
      "more than twice as sharply as with it",
      {"Chamfer": gain - 3, "folds": 100 * (means["without"][1] / means["with"][1] - 2)},
      f"Chamfer {means['without'][0]:.4f} against {means['with'][0]:.4f}; folds {means['without'][1]:.2f} against "
      f"{means['with'][1]:.2f}", unit="%",
      published="'best' (no edge loss) against 'pretty' on ShapeNet: Chamfer 0.306 against 0.391 (from memory)")

# %%
show(side_by_side({"the true chair": draw_mesh(*furniture[0].mesh(24), lines=False, size=250),
                   "without the edge loss": draw_mesh(free[0][2] / 2, free[0][3], size=250),
                   "with it": draw_mesh(kept[0][2] / 2, kept[0][3], size=250)}),
     alt="A chair; a crumpled mesh with spikes and faces over faces, near the chair everywhere; and a smooth mesh.")

# %% [markdown]
# A mean fold about 1 is a mesh whose neighbours point anywhere. This is the paper's figure 5, in miniature: a measure
# of points rewards the crumpled mesh. **A better number is not always a better mesh.** The authors publish both models,
# "best" and "pretty", and say which is which.
#
# ## Pix3D
#
# To learn from real pictures one needs shapes aligned to pictures. **Pix3D** (Sun and others, CVPR 2018) has 9
# categories of mostly IKEA furniture: 395 models in 10,069 pictures. (Some slides say 219 models and 17,000 pictures.
# 219 is the number of models of an older IKEA data set that Pix3D extends.) For it: real pictures, with context.
# Against it: it is small, and **one object per picture is labelled**, though others stand beside it. Some papers
# therefore train on rendered ShapeNet models, and show results here with the *true mask* handed in.
#
# Partial labels have a consequence for training. A detector calls background whatever meets no labelled box, and here
# that may be an unlabelled chair. Mesh R-CNN *ignores* boxes that overlap by less than 0.2 with the labelled object,
# and takes as background only those from 0.2 to 0.5. (`PartlyLabelled` in `course_lib` is this rule.) In our own world
# every object is labelled.
#
# ## Reproduce
#
# Two published tables. Shape alone, on ShapeNet, one object per picture:

# %%
table({"N3MR": tuple(map(from_memory, (33.80, 47.72))), "3D-R2N2 (voxels)": tuple(map(from_memory, (39.01, 54.62))),
       "PSG (points)": tuple(map(from_memory, (48.58, 69.78))),
       "Pixel2Mesh": tuple(map(from_memory, (59.72, 74.19))),
       "Pixel2Mesh, trained anew": tuple(map(from_memory, (67.89, 79.88))),
       "Mesh R-CNN, pretty": tuple(map(from_memory, (69.83, 81.76))),
       "Mesh R-CNN, best": tuple(map(from_memory, (74.84, 85.75)))},
      columns=("F1 at tau", "F1 at 2 tau"), unit="%", best=max, number="{:.2f}",
      source="ShapeNet, Gkioxari et al. 2019, Table 1; higher is better")

# %% [markdown]
# And all of it, on Pix3D. AP is average precision over the classes. A mesh counts as right if its class is right and
# its **F1 at 0.3** is above 0.5, where the true object's longest side is scaled to 10.

# %%
table({"voxels alone": tuple(map(from_memory, (94.0, 88.4, 5.3))),
       "Sphere-Init": (None, None, from_memory(40.5)), "Pixel2Mesh+": (None, None, from_memory(39.9)),
       "Mesh R-CNN": tuple(map(from_memory, (94.0, 88.4, 51.1)))},
      columns=("AP box", "AP mask", "AP mesh"), unit="%", best=max, number="{:.1f}",
      source="Pix3D, split S1, Gkioxari et al. 2019, Table 4")

# %% [markdown]
# Two claims to look at: voxels alone are far behind, and a sphere as the start (which cannot open) is behind voxels.
#
# ### Train it: the detector first
#
# Our pictures have 96 x 128 pixels with one to three pieces of four kinds. The same network around a small trunk
# learns boxes, labels, masks, voxels and the z head from scratch. The mesh head waits: cubes of random voxels are
# nothing to learn from. (The released code, too, trains voxels alone at first on ShapeNet.)

# %%
train_pictures = world.pictures(course.pick(cpu=140, smoke=6), seed=1 + course.seed)
test_pictures = world.pictures(course.pick(cpu=24, smoke=2), seed=1000 + course.seed)
data = [one.picture for one in train_pictures], [one.target() for one in train_pictures]
no_meshes = {"chamfer": 0, "normals": 0, "edge": 0}
network = fresh(lambda: MeshRCNN.mini(len(KINDS), weights=no_meshes, threshold=0.3), course)
history = fit(network, minibatches(data, 4, seed=course.seed), 260, lr=3e-3, clip_norm=5.0,
              loss=lambda network, batch: sum(network(*batch).values()))
print(f"sum of the losses: {history.loss[0]:.2f} at first, {np.mean(history.loss[-20:]):.2f} at the end")

# %% [markdown]
# Two questions to a detector: which share of the objects does it find (recall), and which share of its detections is
# right (precision)? Right means: the right label, and a box with an IoU above 0.5. We take its answers from a score of
# 0.5 on.

# %%
network.detector.roi_heads.score_thresh = 0.5


@torch.no_grad()
def detected(pictures):
    """Recall and precision, in %."""
    right = objects = answers = 0
    for result, one in zip(network([one.picture for one in pictures]), pictures, strict=True):
        overlaps = box_ops.iou(one.boxes[:, None], result["boxes"])
        right += int(((overlaps > 0.5) & (result["labels"] == one.labels[:, None])).any(1).sum())
        objects, answers = objects + len(one.boxes), answers + len(result["boxes"])
    return 100 * right / objects, 100 * right / max(1, answers)


recall, precision = detected(test_pictures)
print(f"{recall:.0f} % of the objects in new pictures are found, {precision:.0f} % of the detections are right")

# %% tags=["claim"]
claim("Trained from scratch for seconds, the detector finds more than half of the objects in new pictures, and more "
      "than half of what it says is right (four kinds: a guessed label would be right for a quarter of the boxes)",
      {"recall": recall - 50, "precision": precision - 50}, f"recall {recall:.0f} %, precision {precision:.0f} %",
      unit="%")

# %% [markdown]
# ### Then the voxels
#
# From here on the trunk stays as it is, and heads learn on *true* boxes, so that detection does not blur the
# comparison. First the voxel head goes on. What is it worth? The trivial answer to beat looks at no picture at all: the
# **mean shape** of all training objects, the same for every box.

# %%
@torch.no_grad()
def study(pictures):
    """All objects at their true boxes: crops for voxels and mesh, true voxels, (box, depth range, K, mesh, label)."""
    voxel_crops, mesh_crops = network.look([one.picture for one in pictures], [one.boxes for one in pictures])
    rows, filled = [], []
    for one in pictures:
        for box, mesh, inside, label in zip(one.boxes, one.meshes, one.inside, one.labels.tolist(), strict=True):
            z_range = torch.stack(torch.aminmax(mesh[0][:, 2]))
            rows.append((box, z_range, one.K, mesh, label))
            filled.append(fill(to_cube(inside, box, z_range, one.K), 16))
    return voxel_crops, mesh_crops, torch.stack(filled), rows


# %% [markdown]
# The true voxels are found as in training: take the object's inside into the cube of its box, and see which cells hold
# a point. Overlap is measured by IoU again, here of filled voxels.

# %%
voxel_crops, crops, filled, rows = study(train_pictures)
test = study(test_pictures)
fit(network.voxel_head, minibatches((voxel_crops, filled), 32, seed=course.seed), 300, lr=4e-3,
    loss=supervised(F.binary_cross_entropy_with_logits))
with torch.no_grad():
    logits, test_logits = network.voxel_head(voxel_crops), network.voxel_head(test[0])
mean_shape = filled.mean(0)


def voxel_iou(found, true):
    """Mean IoU, in %, of filled voxels (N, V, V, V) bool."""
    return 100 * ((found & true).flatten(1).sum(1) / (found | true).flatten(1).sum(1)).mean().item()


true = test[2] > 0
head_iou = voxel_iou(test_logits.sigmoid() > 0.3, true)
mean_iou = max(voxel_iou((mean_shape > threshold).expand_as(true), true) for threshold in (0.2, 0.3, 0.4))
print(f"IoU with the true voxels of new objects: {head_iou:.0f} %")
print(f"of the mean shape, at its best threshold: {mean_iou:.0f} %")

# %% tags=["claim"]
claim("The voxels of new objects meet the truth better than the mean shape does, which sees no picture: by more than 5 "
      "points of IoU", head_iou - mean_iou - 5, f"{head_iou:.0f} against {mean_iou:.0f} %", unit="points")

# %% [markdown]
# ### Then the meshes: two ways to begin
#
# One mesh head begins with the cubes of *predicted* voxels, one with a sphere. Same head, same losses, same steps. A
# head is trained for a *start*: a function that gives each object its first mesh. Objects that are mostly hidden are
# left out, since their true shape reaches far out of the box (the published code drops such batches, too).

# %%
cubes, test_cubes = filled_cubes(logits, network.threshold), filled_cubes(test_logits, network.threshold)
in_cube = [to_cube(mesh[0], box, z_range, K) for box, z_range, K, mesh, _ in rows]
usable = torch.tensor([i for i, vertices in enumerate(in_cube) if vertices.abs().max() < 2])  # not mostly hidden
drawn = [sample_surface(vertices, row[3][1], 400, course.generator())
         for vertices, row in zip(in_cube, rows, strict=True)]
points, normals = (torch.stack(part) for part in zip(*drawn, strict=True))
SPHERE, MEAN = icosphere(3), cubify(mean_shape, 0.3)


def mesh_head(start):
    """A mesh head trained for a way to begin: a function from the number of an object to its first mesh."""
    def loss(head, chosen):
        stages = head(crops[chosen], [start(i) for i in chosen.tolist()])
        found = mesh_losses(stages, points[chosen], normals[chosen], 400)
        return found["chamfer"] + 0.1 * found["normals"] + found["edge"]

    return trained(lambda: MeshHead(32, hidden=32, depth=2, pix3d=True), minibatches(usable, 8, seed=course.seed), 50,
                   course, lr=3e-3, loss=loss)


from_voxels = mesh_head(lambda i: cubes[i])
from_sphere = mesh_head(lambda i: SPHERE)

# %% [markdown]
# Measured as in the paper: in the camera's axes, 10 for the longest side, F1 within 0.3 (and 0.5, as our grid is
# coarse). True boxes and depth ranges for all rows; the first is the mean shape again, fitted into each box.

# %%
@torch.no_grad()
def measured(head, start):
    """Mean scores of all test objects and of the rings alone, of the head's last stage (or without head the start)."""
    _, crops, _, rows = test
    scores = []
    for i, (box, z_range, K, mesh, label) in enumerate(rows):
        vertices, faces = head(crops[i : i + 1], [start(i)])[-1][0] if head else start(i)
        found = mesh_scores((from_cube(vertices, box, z_range, K), faces), mesh, samples=1000, thresholds=(0.3, 0.5),
                            generator=torch.Generator().manual_seed(i))
        scores.append((label == 4, 100 * found["f1@0.3"], 100 * found["f1@0.5"], found["chamfer"]))
    scores = torch.tensor(scores)
    rings = scores[scores[:, 0] == 1] if (scores[:, 0] == 1).any() else scores
    return (*scores[:, 1:].mean(0).tolist(), rings[:, 2].mean().item())


results = {"mean shape": measured(None, lambda i: MEAN),
           "voxels alone": measured(None, lambda i: test_cubes[i]),
           "sphere, refined": measured(from_sphere, lambda i: SPHERE),
           "voxels, refined": measured(from_voxels, lambda i: test_cubes[i])}
table(results, columns=("F1@0.3 (%)", "F1@0.5 (%)", "Chamfer", "F1@0.5 of rings (%)"), best=None, number="{:.2f}",
      source="our test pictures at true boxes and depth ranges, longest side 10, this run")

# %% tags=["claim"]
mean, alone, sphere, refined = (results[name] for name in results)
claim("Voxels and then a mesh beat voxels alone by more than 3 points of F1@0.3, and the mean shape by more than 5",
      {"voxels": refined[0] - alone[0] - 3, "mean": refined[0] - mean[0] - 5},
      f"{refined[0]:.1f} against {alone[0]:.1f} and {mean[0]:.1f} %", unit="points",
      published="AP mesh 51.1 against 5.3 of voxels alone on Pix3D")
claim("A mesh that begins with voxels beats one that begins with a sphere: by more than 5 points of F1@0.3 over all "
      "objects, and by more than 5 points of F1@0.5 on rings",
      {"all": refined[0] - sphere[0] - 5, "rings": refined[3] - sphere[3] - 5},
      f"all {refined[0]:.1f} against {sphere[0]:.1f} %, rings {refined[3]:.1f} against {sphere[3]:.1f} %",
      unit="points", published="AP mesh 51.1 against 40.5 on Pix3D")

# %% [markdown]
# And a ring from the test set, in the cube of its box. Look for the hole:

# %%
def hole(i):
    """Whether object i is a ring, and how much of its middle, seen from the front, is empty."""
    return test[3][i][4] == 4, -true[i].any(0)[5:11, 5:11].sum().item()


ring = max(range(len(true)), key=hole)
box, z_range, K, mesh, _ = test[3][ring]
ring_crop = test[1][ring : ring + 1]
with torch.no_grad():
    shown = {"true": (to_cube(mesh[0], box, z_range, K), mesh[1]),
             "sphere, refined": from_sphere(ring_crop, [SPHERE])[-1][0],
             "cubes": test_cubes[ring], "cubes, refined": from_voxels(ring_crop, [test_cubes[ring]])[-1][0]}
for name, (vertices, faces) in shown.items():
    print(f"{name:16} V - E + F = {len(vertices) - len(unique_edges(faces)) + len(faces)}")
show(side_by_side({name: draw_mesh(*mesh, turn=10, above=10, size=230, reach=1.8, lines=False)
                   for name, mesh in shown.items()}),
     alt="In the cube of its box: a ring; a sphere, bent but closed; the predicted cubes; and these after "
         "three stages, thinner and rough.")

# %% [markdown]
# $V - E + F$, the Euler characteristic, is 2 for a sphere and 0 for a ring, and no movement of vertices changes it. A
# sphere that wants to be a ring can only press a membrane flat. Cubes can be anything, also what they should not be,
# such as two pieces. That is the price of a start that was predicted.
#
# Our heads are trained for seconds on crops of few pixels: the surfaces stay rough, and the sphere hardly leaves the
# middle of its box. Do not read more into the miniature than which rows lie far apart.
#
# ### End to end
#
# The trained heads go into the network, and the picture from the beginning goes through all of it. Mask R-CNN compares
# detections within each class only, so one thing may come out twice, under two labels. Here each thing gets one: of
# boxes that overlap by more than a half, only the surest stays.

# %%
network.mesh_head = from_voxels
with torch.no_grad():
    result = surest(network([room.picture])[0])
for label, score, box in zip(*(result[name].tolist() for name in ("labels", "scores", "boxes")), strict=True):
    print(f"{KINDS[label - 1]:6} score {score:.2f}, box {[round(side) for side in box]}")

# %% [markdown]
# Compare with the truth. What was missed, what was taken for something else, and which shapes can you recognise?

# %%
for label, box in zip(room.labels.tolist(), room.boxes.tolist(), strict=True):
    print(f"{KINDS[label - 1]:6} true box {[round(side) for side in box]}")
found_meshes = meshes_in_camera(result, room.K, middle=2.9)
pictures = {"boxes and masks": outlined(room.picture, result["boxes"], result["masks"][:, 0] > 0.5)}
if found_meshes:
    pictures["meshes, from the front"] = in_space(found_meshes, 0)
    pictures["from the right"] = in_space(found_meshes, 60)
show(side_by_side(pictures), alt="The picture with the boxes and masks that were found; their meshes from the front "
                                 "and from the right, all at the same distance.")

# %% [markdown]
# All middles are put at the same depth, 2.9, since the picture does not tell: seen from the right, the things stand
# side by side. Within each object the depth is the z head's.
#
# **Find out:** the threshold for filled voxels is 0.2 in the paper (0.3 above, for our short training), lower than a
# half. Move it. What is lost first, and can the stages bring it back?

# %% tags=["widget"]
def cut_out(picture, box, mask):
    """The picture within a box, what is not in the mask faded: (H, W, 3) uint8."""
    x, y, w, h = box.round().long().tolist()
    faded = torch.where(mask, picture, 1 - (1 - picture) * 0.25)[:, y : y + h, x : x + w]
    return (faded.clamp(0, 1) * 255).byte().permute(1, 2, 0).numpy()


with torch.no_grad():
    way_voxel_crops, way_crops = network.look([room.picture], [room.boxes])
    way_logits = network.voxel_head(way_voxel_crops)
names = [f"{number + 1}: {KINDS[label - 1]}" for number, label in enumerate(room.labels.tolist())]
MeshWay({name: (cut_out(room.picture, box, mask), voxels) for name, box, mask, voxels
         in zip(names, room.boxes, room.masks, way_logits.sigmoid(), strict=True)},
        lambda name, mesh: [stage[0] for stage in network.mesh_head(way_crops[[names.index(name)]], [mesh])])

# %% [markdown]
# Legs go first: thin things have low probabilities, and what is not in the cubes has no vertex that could become it. A
# low threshold keeps them and fattens the rest, and fat is what the stages can cure.
#
# ## On a GPU
#
# The published network on Pix3D. Set `PIX3D` to the folder of the data set, with the lists of Mesh R-CNN's authors or
# without, and `MESHRCNN_WEIGHTS` to `meshrcnn_R50.pth`. Without them the same code runs on our world, with a mini
# network, on the CPU: then the numbers say nothing about Mesh R-CNN.

# %% tags=["gpu"]
folder, weights = Path(os.environ.get("PIX3D", "pix3d")), Path(os.environ.get("MESHRCNN_WEIGHTS", "meshrcnn_R50.pth"))
if folder.is_dir():
    objects = pix3d(folder, split="s1", train=False)
    items = [objects[i] for i in range(min(len(objects), course.pick(cpu=2, gpu=200)))]
    items = [(item["picture"], item["target"]) for item in items]
else:
    items = [(one.picture, one.target()) for one in test_pictures[:2]]
    print("No Pix3D here: our own pictures instead.")
if weights.is_file():
    model = MeshRCNN.from_published(weights).to(course.device)
else:
    model = course.pick(cpu=network, gpu=published.eval()).to(course.device)
    print("The published weights are not here.")

# %% tags=["gpu"]
rated = []
for picture, target in items:
    with torch.no_grad(), torch.autocast(course.device.type, course.dtype, enabled=course.device.type == "cuda"):
        out = model([picture.to(course.device)])[0]
    out = {name: value.float().cpu() if torch.is_tensor(value) else
           [[(v.float().cpu(), f.cpu()) for v, f in stage] for stage in value] for name, value in out.items()}
    out["labels"] = out["labels"].long()
    true, middle = target["meshes"][0], torch.stack(torch.aminmax(target["meshes"][0][0][:, 2])).mean().item()
    masks, own = out["masks"][:, 0] > 0.5, target["masks"][0].bool()
    shared, joined = (masks & own).flatten(1).sum(1), (masks | own).flatten(1).sum(1).clamp(min=1)
    f1 = [mesh_scores(mesh, true, samples=1000)["f1@0.3"] for mesh in meshes_in_camera(out, target["K"], middle)]
    rated.append({"label": int(target["labels"][0]), "scores": out["scores"], "labels": out["labels"],
                  "box": box_ops.iou(out["boxes"], target["boxes"][0]), "mask": shared / joined,
                  "mesh": torch.tensor(f1)})
print({name: round(100 * value, 1) for name, value in pix3d_ap(rated).items()})

# %% [markdown]
# Published for split S1: box 94.0, mask 88.4, mesh 51.1. Split S2 keeps the *models* of training and test apart, and
# there mesh AP falls to 28.8: half of the success on S1 is knowing the very chair. Training at published size is
# `course train 23 --data FOLDER` on a GPU, and `course bench` times the forward pass beside torchvision's Mask R-CNN.

# %% [markdown] tags=["recap"]
# ## In five lines
#
# - Mesh R-CNN is Mask R-CNN with heads for voxels, depth range and mesh: all objects of a picture, each with a shape.
# - Voxels live in a cube that the camera matrix makes of a frustum: even across the picture, even in $1/z$.
# - Cubify makes a mesh of them, and with it the topology; stages of alignment, graph convolution and $v + \tanh$ move
#   its vertices.
# - Chamfer and normal loss compare sampled points; alone they crumple the mesh, and the edge loss mends that at the
#   price of the Chamfer distance.
# - Where a shape has a hole, a sphere cannot follow; where only one object is labelled, what is unlabelled is ignored.
#
# ## Do you remember?
#
# <details><summary>1. Why are voxels predicted in the space of K?</summary>
# So that a column of voxels stays over the same pixels at every depth: a 2D network can fill tubes without knowing
# perspective.</details>
#
# <details><summary>2. How many vertices, edges and faces has one cube, and what is V - E + F?</summary>
# 8, 18 and 12: it is 2, as for every closed surface without a hole.</details>
#
# <details><summary>3. Which part of the network decides how many holes a mesh has?</summary>
# The voxel branch with its threshold. The stages move vertices and keep all faces.</details>
#
# <details><summary>4. A mesh has the smallest Chamfer distance of all, and looks terrible. How come?</summary>
# Chamfer looks at points, not at how they are joined: crumpled faces put points near the whole surface.</details>
#
# <details><summary>5. Lecture 19: what does the z head not predict, and why?</summary>
# How far away the object is: one picture has no scale. It predicts depth against height.</details>
#
# <details><summary>6. Lecture 21: which Chamfer convention does this loss follow?</summary>
# Means of squared distances, both ways added up.</details>
#
# ## To read
#
# - G. Gkioxari, J. Malik, J. Johnson, *Mesh R-CNN*, ICCV 2019, arXiv:1906.02739: Section 3 (the branches and losses),
#   4.1 (ShapeNet, "best" and "pretty"), 4.2 (Pix3D), and the appendix on the depth extent.
# - K. He, G. Gkioxari, P. Dollár, R. Girshick, *Mask R-CNN*, ICCV 2017, arXiv:1703.06870: Section 3.
# - X. Sun and others, *Pix3D: Dataset and Methods for Single-Image 3D Shape Modeling*, CVPR 2018, arXiv:1804.04610:
#   Section 3 (how pictures and models were aligned).
#
# **Next:** [24 · Consistent video depth](24_consistent_video_depth.ipynb), where a whole video gets one depth.
