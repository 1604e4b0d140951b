# %% [markdown]
# # 22 · How does one picture become a mesh?
#
# *Deep Learning for Video, lecture 22. About 75 minutes. Two CPU cores are enough; the last section uses a GPU,
# ShapeNet and published weights when they are there.*

# %% tags=["setup"]
course = start("22")

# %%
import os
from pathlib import Path
from tempfile import TemporaryDirectory

import torch
import torch.nn.functional as F

from course_lib.data.mesh_io import read_mesh, write_mesh
from course_lib.data.sets.shapenet import for_pixel2mesh, shapenet
from course_lib.data.worlds.shape_views import from_view, shape_views
from course_lib.data.worlds.shapes import ShapeWorld
from course_lib.describe import count, describe
from course_lib.models.pixel2mesh import SIDE, Pixel2Mesh, ellipsoid
from course_lib.models.pixel2mesh_loss import pixel2mesh_loss
from course_lib.ops.batches import minibatches
from course_lib.ops.camera import intrinsics
from course_lib.ops.meshes import (
    edge_loss,
    folds,
    icosphere,
    sample_surface,
    signed_volume,
    subdivide,
    unique_edges,
    vertex_normals,
)
from course_lib.ops.points import chamfer, f_score
from course_lib.plots import diagram, from_memory, show, table
from course_lib.plots.space import draw_mesh, draw_points, side_by_side
from course_lib.train import fit, trained
from course_lib.widgets.mesh_stages import MeshStages

# %% [markdown] tags=["objective"]
# **After this lecture you can**
#
# - take a triangle mesh apart: vertices, faces, edges, and what can be attached to them;
# - make a mesh finer without tearing it, and draw points evenly from its surface;
# - let a graph convolution carry features along edges, and read a picture at projected vertices;
# - explain how Pixel2Mesh bends an ellipsoid into a chair, and why its loss has four terms besides Chamfer;
# - read and write mesh files, and find your way in ShapeNet.

# %% [markdown]
# A chair, and what a mesh of it is: corners in space, joined by triangles. The second picture shows every triangle, the
# third colours each one by the way it faces.

# %%
chair = ShapeWorld().shape("chair", seed=2)
vertices, faces = chair.mesh(18)
facing = (vertex_normals(vertices, faces)[faces].mean(1) + 1) / 2
view = {"turn": 30, "above": 20, "size": 240}
show(side_by_side({"shaded": draw_mesh(vertices, faces, lines=False, **view),
                   "its triangles": draw_mesh(vertices, faces, **view),
                   "where each one faces": draw_mesh(vertices, faces, color=facing, **view)}),
     alt="A chair, shaded; the same with the edges of all triangles; and with a colour per direction.")
print(f"{len(vertices)} vertices, {len(faces)} faces")

# %% [markdown]
# ## A shape as a set of triangles
#
# A **triangle mesh** is two tables. **Vertices**: $V$ points in space, $V \times 3$ numbers. **Faces**: $F$ triangles,
# each a row of three vertex *numbers*. The smallest closed one, a tetrahedron, as a file in Wavefront's OBJ format, in
# which vertices are counted from 1:

# %%
corners = torch.tensor([[0.0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]])
sides = torch.tensor([[0, 2, 1], [0, 1, 3], [0, 3, 2], [1, 2, 3]])
with TemporaryDirectory() as folder:
    file = Path(folder, "tetrahedron.obj")
    write_mesh(file, corners, sides)
    print(file.read_text())
    print("read again, the same:", torch.equal(read_mesh(file)[1], sides))
print(f"volume {signed_volume(corners, sides):.4f}, with all faces turned {signed_volume(corners, sides.flip(1)):.4f}")

# %% [markdown]
# The order within a face matters: seen from outside, its vertices run counter-clockwise, so that the cross product
# $(b - a) \times (c - a)$ points outwards. Turn all faces round, and the volume comes out negative.
#
# What speaks for meshes, and what against them?
#
# - (+) They are the standard of graphics: every game, film, printer and simulator takes them.
# - (+) The surface is *explicit*. Nothing has to be extracted, as from voxels or implicit functions (lecture 20).
# - (+) They adapt: a table top needs two triangles, a carved leg gets thousands.
# - (+) Data can be attached to vertices, and holds on the whole surface: colours, normals, texture coordinates. Within
#   a face, they are interpolated with the same three weights that make a point from its corners.
# - (−) They are not trivial for neural networks. There is no grid: every vertex has another number of neighbours, the
#   numbering is arbitrary, and predicting the *faces* themselves is a discrete problem.
#
# **Texture coordinates**, also called UV, attach to each vertex a place in a picture. The surface then wears the
# picture. Our own example: longitude and latitude on a sphere.

# %%
ball, ball_faces = icosphere(5)
middle = F.normalize(ball[ball_faces].mean(1), dim=1)
u, v = torch.atan2(middle[:, 0], -middle[:, 2]) / (2 * torch.pi) + 0.5, middle[:, 1].asin() / torch.pi + 0.5
row, column = torch.meshgrid(torch.arange(220), torch.arange(220), indexing="ij")
checks = ((row // 22 + column // 22) % 2).float()
texture = torch.stack([0.3 + 0.6 * checks, row / 220, column / 220], -1)  # (rows v, columns u, colours)
worn = texture[(v * 219).long(), (u * 219).long()]
show(side_by_side({"a picture (u right, v down)": (255 * texture).byte().numpy(),
                   "worn by a sphere": draw_mesh(ball, ball_faces, color=worn, lines=False)}),
     alt="A chequered picture whose colours change from top to bottom; and a sphere that wears it.")

# %% [markdown]
# ## Edges
#
# Faces are what a renderer needs. A network needs to know who is joined to whom: the **edges**, each pair of vertices
# that some face joins, counted *once*. On a closed surface, every edge lies between two faces, and every face has three
# edges, so $E = \frac{3}{2} F$.
#
# Pixel2Mesh, the system of this lecture, begins with an ellipsoid of 156 vertices and 308 faces.

# %% tags=["predict"]
edges_guess = predict("How many edges has a closed mesh of 308 triangles?", None)

# %% [markdown]
# ## Exercise 22.1: Every edge once

# %% tags=["exercise"] exercise="22.1" points=2
def edges_of(faces):
    """Every edge once, the smaller number first, rows sorted.  faces (F, 3) long -> (E, 2) long"""
    # BEGIN SOLUTION
    pairs = torch.cat([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]])
    pairs = pairs.sort(dim=1).values
    return pairs.unique(dim=0)
    # END SOLUTION


# %% tags=["check"]
edges_of = check("22.1", edges_of)

# %% [markdown] tags=["hint"]
# <details>22.1</details>

# %% tags=["nbval-check-output"]
template, template_faces = ellipsoid()
edges = edges_of(template_faces)
edges_guess.reveal(len(edges))
print(f"V - E + F = {len(template)} - {len(edges)} + {len(template_faces)} = "
      f"{len(template) - len(edges) + len(template_faces)}")

# %% [markdown]
# $V - E + F = 2$ for every closed surface without a handle, whatever its shape (Euler). A ring has 0. No bending
# changes this number: who starts from an ellipsoid cannot make a ring, nor the hole in the back of a chair. Keep that
# in mind.
#
# ## From coarse to fine
#
# A few hundred vertices are enough for the rough form and too few for the legs. A mesh is made finer by **unpooling**:
# a new vertex in the middle of every *edge*, four triangles for each. (Putting a new vertex into the middle of every
# *face* would be easier. But old edges would stay as long as they were, and a vertex would gain neighbours each time.)
# Features, like places, are averaged over the two ends.
#
# How many vertices has the ellipsoid after one unpooling? Some slides print 628.

# %% tags=["predict"]
finer_guess = predict("Vertices after one unpooling of the 156?", None)

# %% tags=["nbval-check-output"]
finer_guess.reveal(len(template) + len(edges))
sizes, mesh = [], (template, template_faces)
for _ in range(3):
    sizes.append((len(mesh[0]), len(unique_edges(mesh[1])), len(mesh[1])))
    mesh = subdivide(*mesh)
print("vertices, edges, faces:", sizes)

# %% [markdown]
# ## Exercise 22.2: Fix the bugs: a surface with cracks
#
# A face has corners a, b, c; p, q, r are the new vertices opposite to them, so p lies between b and c. The triangle at
# a begins with a, that at b with b, that at c with c; the last one is p, q, r. The function below looks right, and its
# triangles fill the old ones. But it has two bugs, and two numbers betray them. The volume within a closed surface
# should not change, since nothing was moved. And $V - E + F$ should stay 2. Write `examine(unpool)` below the function
# while you look for them.

# %%
def examine(unpool):
    """Print what must not change when the ellipsoid is made finer."""
    finer, many = unpool(template, template_faces)
    print(f"{len(finer)} vertices; V - E + F = {len(finer) - len(unique_edges(many)) + len(many)}; "
          f"volume {signed_volume(finer, many):.4f}, was {signed_volume(template, template_faces):.4f}")


# %% tags=["exercise"] exercise="22.2" points=2
def unpool(vertices, faces):
    """Four triangles for each.  vertices (V, 3), faces (F, 3) -> vertices (V + E, 3), faces (4 F, 3)"""
    # BEGIN SOLUTION
    pairs = faces[:, [[1, 2], [2, 0], [0, 1]]].sort(dim=2).values
    edges, number = pairs.flatten(0, 1).unique(dim=0, return_inverse=True)
    middles = vertices[edges].mean(dim=1)
    (a, b, c), (p, q, r) = faces.T, len(vertices) + number.view(-1, 3).T
    corners = [(a, r, q), (b, p, r), (c, q, p), (p, q, r)]
    return torch.cat([vertices, middles]), torch.cat([torch.stack(three, dim=1) for three in corners])
    # STARTING POINT
    # pairs = faces[:, [[1, 2], [2, 0], [0, 1]]]
    # edges, number = pairs.flatten(0, 1).unique(dim=0, return_inverse=True)
    # middles = vertices[edges].mean(dim=1)
    # (a, b, c), (p, q, r) = faces.T, len(vertices) + number.view(-1, 3).T
    # corners = [(a, r, q), (b, p, r), (c, p, q), (p, q, r)]
    # return torch.cat([vertices, middles]), torch.cat([torch.stack(three, dim=1) for three in corners])
    # END SOLUTION


# %% tags=["check"]
unpool = check("22.2", unpool)

# %% [markdown] tags=["hint"]
# <details>22.2</details>

# %%
examine(unpool)

# %% [markdown]
# With cracks, every face would have middles of its own. The picture would be the same, until the network moves the two
# vertices of one crack apart.
#
# ## Points from a mesh
#
# How far are two meshes apart? Their vertices cannot be compared: the same table can be two triangles or two million.
# So draw points evenly from each surface, and compare the *sets*, with the Chamfer distance or F1 of lecture 21. A face
# is drawn with a chance that is its share of the area. On the face, two random numbers $u, v$ in 0..1 give
#
# $$ p = (1 - \sqrt u)\,a + \sqrt u\,(1 - v)\,b + \sqrt u\,v\,c. $$
#
# Why the root? $\sqrt u$ says how far from the corner $a$ the point lies. The part of the triangle up to a share $s$
# of the way has $s^2$ of the area, so $s^2$ must be even, and $s$ is a root. By hand: $u = 0.25$, $v = 0.5$ gives
# $0.5 a + 0.25 b + 0.25 c$.
#
# ## Exercise 22.3: Points spread evenly
#
# To make it testable, the random numbers are given. The first of each row chooses the face: lay the areas side by
# side, in the order of the faces, on a line of length 1; the face that lies at this place is drawn. The other two are
# $u$ and $v$.

# %% tags=["exercise"] exercise="22.3" points=3
def sample_points(vertices, faces, numbers):
    """Even points on a mesh.  vertices (V, 3), faces (F, 3), numbers (P, 3) in 0..1 -> (P, 3)"""
    # BEGIN SOLUTION
    a, b, c = vertices[faces].unbind(dim=1)
    area = torch.linalg.cross(b - a, c - a).norm(dim=1)
    share = area.cumsum(dim=0) / area.sum()
    face = torch.searchsorted(share, numbers[:, 0].contiguous())
    root, v = numbers[:, 1:2].sqrt(), numbers[:, 2:]
    return (1 - root) * a[face] + root * (1 - v) * b[face] + root * v * c[face]
    # END SOLUTION


# %% tags=["check"]
sample_points = check("22.3", sample_points)

# %% [markdown] tags=["hint"]
# <details>22.3</details>

# %%
numbers = torch.rand(2000, 3, generator=course.generator())
flat = torch.tensor([[-0.5, 0.4, 0], [0.5, 0.4, 0], [0, -0.5, 0]])
crowded = numbers * torch.tensor([1.0, 0, 1]) + numbers**2 * torch.tensor([0, 1.0, 0])  # u squared: no root is left
one, front = torch.tensor([[2, 0, 1]]), {"turn": 0, "above": 0, "size": 220, "radius": 1.2, "reach": 0.6}
show(side_by_side({"with the root": draw_points(sample_points(flat, one, numbers), **front),
                   "without it": draw_points(sample_points(flat, one, crowded), **front),
                   "a chair": draw_points(sample_points(vertices, faces, numbers), turn=30, above=20, radius=1.5)}),
     alt="Points in a triangle: even with the root, crowded about the upper corner without it. Even points on a chair.")

# %% [markdown]
# ## Pixel2Mesh
#
# Wang and others (ECCV 2018) take **one colour picture** of an object and give a **triangle mesh** of it, the hidden
# back side included. They do not predict faces at all. They begin with an ellipsoid before the camera and *move its
# vertices*; the faces stay what they are. Such networks make models for shops and games from a photograph, give a robot
# a shape to grasp, and, with a template of a body or a hand instead of an ellipsoid, they track people.
#
# Four ideas carry it, and all four come back in Mesh R-CNN (lecture 23):
#
# 1. **iterative refinement**: three stages, each of which moves the vertices; the mesh is unpooled in between;
# 2. **graph convolution**: vertices talk along edges;
# 3. **vertex-aligned features**: each vertex looks up what the picture shows where it is;
# 4. a **Chamfer loss** between points, since nobody knows which vertex should go where.
#
# ### What the picture shows at a vertex
#
# A fully connected layer would have to learn where in the picture each part of the shape appears. Geometry knows it: we
# have the camera. Project the vertex, and read the feature maps there, between four pixels (**bilinearly**, as in
# lecture 04). Moving a vertex by a little changes what it reads by a little, so there is a gradient.
#
# ## Exercise 22.4: What the picture shows at a vertex
#
# Vertices are in the camera's axes of this course (x right, y down, z forward), $K$ is that of the map, and pixel
# centres lie at whole numbers. A vertex outside the map reads 0. `F.grid_sample` does the reading; it wants places in
# $-1..1$, and with `align_corners=True` these are the *centres* of the outermost pixels.

# %% tags=["exercise"] exercise="22.4" points=3
def vertex_features(maps, vertices, K):
    """Read maps at projected vertices.  maps (B, C, H, W), vertices (B, V, 3), K (3, 3) -> (B, V, C)"""
    # BEGIN SOLUTION
    height, width = maps.shape[2:]
    x = K[0, 0] * vertices[..., 0] / vertices[..., 2] + K[0, 2]
    y = K[1, 1] * vertices[..., 1] / vertices[..., 2] + K[1, 2]
    grid = torch.stack([2 * x / (width - 1) - 1, 2 * y / (height - 1) - 1], dim=-1)
    found = F.grid_sample(maps, grid[:, :, None], align_corners=True)
    return found[..., 0].transpose(1, 2)
    # END SOLUTION


# %% tags=["check"]
vertex_features = check("22.4", vertex_features)

# %% [markdown] tags=["hint"]
# <details>22.4</details>

# %% [markdown]
# What does a sphere read, which hangs before the camera where the chair stands? Each vertex gets the colour of its
# pixel. Those on the back get the same as those in front of them: a ray has one pixel.

# %%
def enlarged(picture):
    """(3, H, W) in 0..1 -> (200, 200, 3) uint8."""
    return (255 * F.interpolate(picture[None], 200)[0].clamp(0, 1)).byte().permute(1, 2, 0).numpy()


pictured = shape_views(ShapeWorld(("chair",)), 1, seed=3, size=128)
K = intrinsics(250 / SIDE * 128, cx=63.5, cy=63.5)
before_camera = 0.3 * ball + torch.tensor([0, 0, 0.8])
read = vertex_features(pictured.pictures, before_camera[None], K)[0]
worn = {"above": 0, "size": 200, "color": read[ball_faces].mean(1), "lines": False}
show(side_by_side({"the picture": enlarged(pictured.pictures[0]),
                   "what the vertices read": draw_mesh(ball, ball_faces, turn=0, **worn),
                   "from behind": draw_mesh(ball, ball_faces, turn=180, **worn)}),
     alt="A chair; a sphere whose vertices wear the chair's pixels; the same from behind, mirrored.")

# %% [markdown]
# Pixel2Mesh reads four maps, of 64, 128, 256 and 512 channels, and appends the vertex's place: 963 numbers per vertex.
#
# ### Graph convolution
#
# A vertex alone cannot know that it belongs to a leg. A **graph convolution** makes its new features from its own and
# its neighbours' $N(i)$:
#
# $$ f'_i = W_0 f_i + \sum_{j \in N(i)} W_1 f_j $$
#
# Compare a 3 x 3 convolution: nine matrices, one per direction. On a mesh there are no directions and no fixed number
# of neighbours, so all of them share *one*. By hand, a path of three vertices with features 1, 10, 100, $W_0 = 1$,
# $W_1 = 2$: the middle one becomes $10 + 2 (1 + 100) = 212$.
#
# ## Exercise 22.5: A graph convolution
#
# Edges come once each, and carry messages both ways. Here features are rows, so multiply from the right.

# %% tags=["exercise"] exercise="22.5" points=2
def graph_conv(features, edges, W0, W1):
    """Own features and the neighbours'.  features (V, D), edges (E, 2), W0, W1 (D, D') -> (V, D')"""
    # BEGIN SOLUTION
    own, messages = features @ W0, features @ W1
    own = own.index_add(0, edges[:, 0], messages[edges[:, 1]])
    return own.index_add(0, edges[:, 1], messages[edges[:, 0]])
    # END SOLUTION


# %% tags=["check"]
graph_conv = check("22.5", graph_conv)

# %% [markdown] tags=["hint"]
# <details>22.5</details>

# %% [markdown]
# One layer carries a message one edge far. A block of Pixel2Mesh has 14. Is that enough for *every* vertex of the first
# mesh, of 156, to hear of every other? And of the third, of 2466? How many layers does each need?

# %% tags=["predict"]
layers_guess = predict("Layers until a vertex of the third mesh (2466) has heard of all others?", None)

# %%
def layers_to_hear(faces):
    """Graph convolutions until one vertex's feature has come everywhere."""
    edges, heard, layers = unique_edges(faces), torch.zeros(int(faces.max()) + 1, 1), 0
    heard[0] = 1
    while (heard == 0).any():
        heard = graph_conv(heard, edges, torch.ones(1, 1), torch.ones(1, 1)).clamp(max=1)
        layers += 1
    return layers


three = [template_faces, subdivide(template, template_faces)[1]]
three.append(subdivide(*subdivide(template, template_faces))[1])
needed = [layers_to_hear(faces) for faces in three]
layers_guess.reveal(needed[2])
print("layers needed, from coarse to fine:", needed)

# %% [markdown]
# Every unpooling doubles the way. This is the deeper reason for coarse to fine: on the coarse mesh, 14 layers see the
# whole shape; on the fine one only a neighbourhood, and that is enough for detail once the form is there.
#
# The released code uses a relative of this layer, a **Chebyshev** polynomial of order 1: the neighbours are weighed by
# the roots of their degrees, $y = X W_0 + T X W_1 + b$ with a fixed sparse matrix $T$ made from the mesh. The idea is
# the same; weights of one do not fit the other. Our `Pixel2Mesh` has the code's, since it can load its weights.
#
# ### Four losses besides Chamfer
#
# Chamfer asks only that points are near points. It does not mind *how* the mesh gets there. So there are regularisers:
#
# - **edge**: the mean squared length of the edges. Against vertices that fly off.
# - **Laplacian**: the Laplacian coordinate of a vertex is its place minus the middle of its neighbours,
#   $\delta_i = v_i - \frac{1}{|N(i)|}\sum_{j\in N(i)} v_j$. What counts is the mean of $\|\delta'_i - \delta_i\|^2$,
#   the *change* within a stage: neighbours shall move together. (Keeping $\delta'$ itself small would be another loss,
#   which smooths every shape towards a ball; lecture 23 has it too.)
# - **normal**: edges at a vertex should stand at a right angle to the true normal of the nearest point.
# - **move**: vertices should not go far in later stages.
#
# ## Exercise 22.6: The Laplacian loss

# %% tags=["exercise"] exercise="22.6" points=2
def laplacian_change(before, after, edges):
    """Mean squared change of Laplacian coordinates.  before, after (V, 3), edges (E, 2) -> scalar"""
    # BEGIN SOLUTION
    move = after - before
    total = torch.zeros_like(move).index_add(0, edges[:, 0], move[edges[:, 1]])
    total = total.index_add(0, edges[:, 1], move[edges[:, 0]])
    number = torch.bincount(edges.flatten(), minlength=len(move))
    change = move - total / number[:, None]
    return (change**2).sum(dim=1).mean()
    # END SOLUTION


# %% tags=["check"]
laplacian_change = check("22.6", laplacian_change)

# %% [markdown] tags=["hint"]
# <details>22.6</details>

# %% [markdown]
# ### What happens without them
#
# No network for a moment: take the vertices themselves as parameters, and let the loss pull an ellipsoid of 162
# vertices into shape, for four pieces of furniture, once with Chamfer alone, once with edge and Laplacian. We measure
# **folds**: the share of edges where the surface turns back on itself, so that the two faces look to opposite sides.
# Where that happens, faces overlap or are flipped.

# %%
furniture = ShapeWorld(("chair", "table", "lamp", "shelf"))
wanted = shape_views(furniture, 4, seed=50 + course.seed, size=32, points=500)  # one of each kind
goals = wanted.points
clay, clay_faces = ellipsoid(162)
clay_edges = unique_edges(clay_faces)


def pull(goal, keep):
    """The ellipsoid's vertices (162, 3), moved by gradients of Chamfer + keep (edge + 2 Laplacian)."""
    moved = clay.clone().requires_grad_()
    optimizer = torch.optim.Adam([moved], 5e-3)
    for _ in range(course.pick(cpu=100, smoke=2)):
        kept = edge_loss(moved, clay_faces) + 2 * laplacian_change(clay, moved, clay_edges)
        loss = chamfer(moved, goal) + keep * kept
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return moved.detach()


pulled = {name: torch.stack([pull(goal, keep) for goal in goals]) for name, keep in
          (("Chamfer alone", 0.0), ("with edge and Laplacian", 0.3))}

# %%
measured = {name: (1000 * chamfer(moved, goals).item(), 100 * folds(moved, clay_faces).mean().item())
            for name, moved in pulled.items()}
table(measured, columns=("Chamfer (x 1000)", "edges folded back (%)"), best=None, number="{:.2f}",
      source="our four pieces of furniture, this run; Chamfer between vertices and points")
lamp, close = wanted.labels.tolist().index(2), {"turn": 25, "above": 15, "size": 240, "reach": 0.27}
show(side_by_side({"true points": draw_points(from_view(goals[lamp]), **close),
                   **{name: draw_mesh(from_view(moved[lamp]), clay_faces, **close) for name, moved in pulled.items()}}),
     alt="Points of a lamp; a crumpled mesh through them; a smoother one, whose shade and stem can be told apart.")

# %% tags=["claim"]
(free, crumpled), (held, smooth) = measured.values()
claim("Without regularisers the Chamfer distance is lower by more than a quarter, and more than three times as many "
      "edges are folded back",
      {"Chamfer": 100 * (1 - free / held) - 25, "folds": 100 * (crumpled / max(smooth, 1e-9) / 3 - 1)},
      f"Chamfer {free:.2f} against {held:.2f}; folds {crumpled:.0f} % against {smooth:.1f} %", unit="%")

# %% [markdown]
# A better number and a useless mesh. Whoever judges meshes by Chamfer alone should look at them, too.
#
# ### The network
#
# Eighteen convolutions for the picture; three blocks of 14, 14 and 15 graph convolutions for the mesh. Each of those
# has two matrices, so the figure counts it as two layers. (For the mesh, its numbers are vertices and features per
# vertex: a mesh has no rows and columns.)

# %%
torch.manual_seed(0)
published = describe(Pixel2Mesh(), (3, SIDE, SIDE), repeats=0)
print(f"Pixel2Mesh: {published.parameters:,} parameters, {count(published.multiply_adds)} multiply-adds counted")
show(diagram(published))

# %% tags=["claim"]
claim("Pixel2Mesh has 19,383,033 parameters", published.parameters == 19_383_033, f"{published.parameters:,}",
      published="counted in the released code")

# %% [markdown]
# ## Reproduce
#
# The data set of its table is **ShapeNet** (Chang and others, 2015): about 50 categories, about 50,000 CAD models. The
# usual split (Choy and others, 2016, the 3D-R2N2 of lecture 20) takes 13 categories with 43,768 models, each rendered
# from 24 sides. (Some slides say 25.) Nearly every paper on shapes reports on it. Mind what it is: synthetic, single
# objects without any surroundings, and lots of chairs, cars and aeroplanes. Club chair, cantilever chair and armchair
# are all "chair".

# %%
table({"N3MR": tuple(map(from_memory, (33.80, 47.72))), "3D-R2N2 (voxels, 20)": tuple(map(from_memory, (39.01, 54.62))),
       "point set generation (21)": tuple(map(from_memory, (48.58, 69.78))),
       "Pixel2Mesh, as published": tuple(map(from_memory, (59.72, 74.19))),
       "Pixel2Mesh, released weights, measured again": (65.22, 78.80),
       "Pixel2Mesh, re-implemented with a ResNet-50": (65.36, 79.24)},
      columns=("F1 at t", "F1 at 2t"), unit="%", best=max,
      source="13 categories of ShapeNet: Wang et al. 2018, and the README of a public re-implementation (last two "
             "rows); t is 0.0001 in squared distance, objects scaled by 0.57")

# %% [markdown]
# Read the last three rows: one method, three numbers, further apart than many methods are. The weights, the sampling,
# the details of evaluation: the official code compares its 2466 *vertices* with the true points, others draw points
# from the surface. Compare only what one person measured in one way.
#
# ### Ours
#
# Four kinds of furniture, rendered small, and a small network: an ellipsoid of 24 vertices, which becomes 90, then 354.
# One thing differs from the paper: a block *adds* its output to the vertices (`moves=True`), as Mesh R-CNN does. In the
# paper, each block puts out new places from nothing; it learns that too, given more minutes than we have seconds.

# %%
SMALL = course.pick(cpu=128, smoke=12)
training = shape_views(furniture, SMALL, seed=1 + course.seed, points=256)
unseen = shape_views(furniture, course.pick(cpu=32, smoke=4), seed=1000 + course.seed)
batches = minibatches((training.pictures, training.points, training.normals), 8, seed=course.seed)


def whole_loss(network, batch):
    """All five terms, over three stages, with the weights of the public PyTorch code."""
    pictures, points, normals = batch
    results = network(pictures)
    return pixel2mesh_loss(results, network.starts(results), points, normals, "pytorch")


small = trained(lambda: Pixel2Mesh.mini(template=ellipsoid(24), moves=True), batches, 280, course, lr=3e-3,
                loss=whole_loss, clip_norm=0.1)

# %% [markdown]
# Every stage's mesh, measured by 400 points drawn from its surface, on furniture that the network has not seen. Two
# rows guard against a number that looks good and means little. Is the network better than one answer for all, 400
# points from anywhere in the training set? And does it look at the piece, or only at what kind of piece it is? For that
# it gets the picture of *another* piece of the same kind.

# %%
def measure(pictures):
    """Per stage: Chamfer distance times 1000, F1 at 0.02 in percent, against the unseen surfaces."""
    with torch.no_grad():
        results = small(pictures.to(course.device))
    rows = []
    for places, triangles in results:
        drawn, _ = sample_surface(places.cpu(), triangles.cpu(), 400, course.generator())
        near = f_score(drawn, unseen.points, 0.02)[0].mean().item()
        rows.append((1000 * chamfer(drawn, unseen.points).item(), 100 * near))
    return rows


other = torch.arange(len(unseen.labels))
for kind in unseen.labels.unique():
    same = (unseen.labels == kind).nonzero()[:, 0]
    other[same] = same.roll(1)
stages, swapped = measure(unseen.pictures), measure(unseen.pictures[other])
anywhere = training.points.flatten(0, 1)
anywhere = anywhere[torch.randperm(len(anywhere), generator=course.generator())[:400]].expand(len(other), -1, -1)
constant = 1000 * chamfer(anywhere, unseen.points).item(), 100 * f_score(anywhere, unseen.points, 0.02)[0].mean().item()
names = [f"stage {k}: {n} vertices" for k, n in ((1, 24), (2, 90), (3, 354))]
table(dict(zip(names, stages, strict=True)) | {"stage 3, picture of another piece of the kind": swapped[2],
                                               "the same points for all": constant},
      columns=("Chamfer (x 1000)", "F1 at 0.02 (%)"), best=None, number="{:.2f}",
      source="our furniture, unseen, this run")

# %% tags=["claim"]
first, second, third = (row[0] for row in stages)
claim("Each stage lowers the Chamfer distance of unseen furniture by more than 5 %",
      {"stage 2": 100 * (1 - second / first) - 5, "stage 3": 100 * (1 - third / second) - 5},
      f"{first:.2f}, {second:.2f}, {third:.2f}", unit="%")
claim("One answer for all is more than 1.5 times as far from the truth, and the mesh from a picture of another piece "
      "of the kind more than 1.25 times: the network looks at the piece itself",
      {"one for all": 100 * (constant[0] / third / 1.5 - 1), "another piece": 100 * (swapped[2][0] / third / 1.25 - 1)},
      f"{constant[0]:.2f} and {swapped[2][0]:.2f} against {third:.2f}", unit="%")

# %%
chosen = [unseen.labels.tolist().index(kind) for kind in range(3)]
with torch.no_grad():
    shown = [(places.cpu(), triangles.cpu()) for places, triangles in small(unseen.pictures[chosen].to(course.device))]
start_mesh, large = (small.template.cpu(), small.faces0.cpu()), {"turn": 25, "above": 15, "size": 200, "reach": 0.3}
rows = {}
for i, k in enumerate(chosen):
    name = furniture.kinds[unseen.labels[k]]
    rows[name] = enlarged(unseen.pictures[k])
    rows |= {f"{name}, stage {n}": draw_mesh(from_view(v[i]), f, **large) for n, (v, f) in enumerate(shown, 1)}
    rows[f"{name}, true"] = draw_points(from_view(unseen.points[k]), **large)
show(side_by_side(rows, columns=5),
     alt="A chair, a table and a lamp: the picture, three meshes of it from coarse to fine, and the true points.")

# %% [markdown]
# The rough form is there. The flaws are those of the method: parts grow together, and skins close what should be open.
# An ellipsoid has no holes, and no loss can cut one. That is where lecture 23 begins.
#
# **Find out:** turn the mesh. On which side is it worse, where the camera looked, or behind? And at which stage does a
# part appear first?

# %% tags=["widget"]
MeshStages(unseen.pictures[chosen[0]], [(from_view(start_mesh[0]), start_mesh[1]),
                                *((from_view(places[0]), triangles) for places, triangles in shown)],
           from_view(unseen.points[chosen[0]]))

# %% [markdown]
# ## On a GPU
#
# The network at its published size, in its published form, on ShapeNet. Set `SHAPENET` to the folder of ShapeNetCore,
# `SHAPENET_RENDERINGS` to 3D-R2N2's ShapeNetRendering, and `PIXEL2MESH_WEIGHTS` to released weights: the authors'
# TensorFlow checkpoint, or the PyTorch file of the network called VGG. Without them, the same code runs on our
# furniture, on a CPU at mini size; this shows the way, not the result.

# %% tags=["gpu"]
core, renderings = (Path(os.environ.get(name, name.lower())) for name in ("SHAPENET", "SHAPENET_RENDERINGS"))
weights, many = Path(os.environ.get("PIXEL2MESH_WEIGHTS", "pixel2mesh.ckpt")), course.pick(cpu=4, gpu=512)
if core.is_dir() and renderings.is_dir():
    models = [m for m in shapenet(core, renderings, split="test") if m.views][:many]
    examples = [for_pixel2mesh(m, m.views[0], 2000, course.generator()) for m in models]
    real, truth, directions = map(torch.stack, zip(*examples, strict=True))
else:
    own = shape_views(furniture, many, seed=7 + course.seed, size=course.pick(cpu=64, gpu=SIDE), points=2000)
    real, truth, directions = own.pictures, own.points, own.normals
    print("No ShapeNet here: our furniture instead.")

# %% tags=["gpu"]
if weights.exists() or weights.with_name(weights.name + ".index").exists():
    model = Pixel2Mesh.from_published(weights).to(course.device)
else:
    model = course.pick(cpu=Pixel2Mesh.mini, gpu=Pixel2Mesh)().to(course.device)
    history = fit(model, minibatches((real, truth, directions), min(len(real), 8), seed=course.seed),
                  course.pick(cpu=3, gpu=2000), lr=1e-4, loss=whole_loss, clip_norm=1.0)
    print(f"trained here, loss {history.loss[0]:.3f} to {history.loss[-1]:.3f}")
with torch.no_grad():
    made = [(v.float().cpu(), f.cpu()) for v, f in model.eval()(real[:4].to(course.device))]
print("Chamfer x 1000 per stage:", [round(1000 * chamfer(v, truth[:4]).item(), 2) for v, _ in made])
print("F1 at 0.01, vertices as in the paper:", f"{100 * f_score(made[2][0], truth[:4], 0.01)[0].mean():.1f} %")

# %% [markdown]
# `course train 22 --data FOLDER` trains it on your ShapeNet, in bfloat16 and on several GPUs if you like, and
# `course bench` times a layer of its graph.

# %% [markdown] tags=["recap"]
# ## In five lines
#
# - A mesh is vertices and faces; edges, each once, make it a graph. Bending never changes V − E + F.
# - Unpooling puts a vertex in the middle of every *edge*, shared by both faces, or the surface tears.
# - Points drawn by area, with a root, make surfaces comparable, whatever their triangles.
# - Pixel2Mesh: project vertices, read the picture there, exchange along edges, move, unpool, and again.
# - Chamfer alone folds the mesh; edge, Laplacian and normal terms pay a little Chamfer for a surface.
#
# ## Do you remember?
#
# <details><summary>1. A closed mesh without handles has 100 vertices. How many faces, how many edges?</summary>
# V − E + F = 2 and E = 3F/2 give F = 2V − 4 = 196 and E = 294.</details>
#
# <details><summary>2. Why can Pixel2Mesh not make a ring?</summary>
# It moves vertices of an ellipsoid. A ring has V − E + F = 0, and moving vertices does not change that.</details>
#
# <details><summary>3. What goes wrong if points are drawn with u instead of its root?</summary>
# They crowd about one corner of every triangle, and the Chamfer distance weighs those places more.</details>
#
# <details><summary>4. A graph convolution has one matrix for all neighbours, a 3 x 3 convolution one for each. Why?
# </summary>
# Neighbours on a mesh have no order and no fixed number: nothing tells which is the left one.</details>
#
# <details><summary>5. Lecture 19: the depth of a picture is known up to its scale only. Which scale does Pixel2Mesh
# predict?</summary>
# That of its training set: all objects are made of one size and stand at known distances before one camera.</details>
#
# <details><summary>6. Lecture 21: why is F1 printed beside Chamfer?</summary>
# One vertex far away moves Chamfer, whose distances are squared, and hardly moves a share of points.</details>
#
# ## To read
#
# - N. Wang and others, *Pixel2Mesh: Generating 3D Mesh Models from Single RGB Images*, ECCV 2018, arXiv:1804.01654:
#   Section 3.2 (graph convolution), 3.3 (perceptual features, unpooling), 3.4 (losses), 4 (results).
# - A. Chang and others, *ShapeNet: An Information-Rich 3D Model Repository*, 2015, arXiv:1512.03012: Sections 2 and 3.
# - M. Defferrard and others, *Convolutional Neural Networks on Graphs with Fast Localized Spectral Filtering*, NIPS
#   2016, arXiv:1606.09375: Section 2.1 (the Chebyshev form).
#
# **Next:** [23 · Mesh R-CNN](23_mesh_rcnn.ipynb), which finds the objects first, and lets voxels decide on holes.
