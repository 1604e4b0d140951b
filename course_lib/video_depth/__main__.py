"""python -m course_lib.video_depth VIDEO --out DIR: consistent depth of a video, from the file to point clouds."""

import sys
from functools import partial

import click
import torch

from course_lib.errors import CourseError, DataError
from course_lib.models.flownet2 import FlowNet2
from course_lib.places import absent, explain, place
from course_lib.video_depth.movers import mask_rcnn, moving_pixels
from course_lib.video_depth.networks import midas_network
from course_lib.video_depth.pipeline import Options, Tools, run
from course_lib.video_depth.reconstruction import reconstruct

COUNT = click.IntRange(1)


def setting(name, kind, help):
    """A click.option for a field of `Options`, with the field's default."""
    flag = "--" + name.replace("_", "-")
    return click.option(flag, default=getattr(Options(), name), show_default=True, type=kind, help=help)


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("video", type=click.Path())
@click.option("--out", required=True, metavar="DIR", help="Folder of the results. Run again to go on.")
@click.option("--midas", required=True, metavar="FILE", help="Weights of MiDaS v2 or v2.1 (midas_v21_384.pt).")
@click.option("--flow", required=True, metavar="FILE", help="Weights of FlowNet 2 (FlowNet2_checkpoint.pth.tar).")
@click.option("--mask-rcnn", metavar="FILE", help="Weights of torchvision's Mask R-CNN; without: nothing moves.")
@setting("start", click.IntRange(0), "First frame.")
@setting("frames", click.IntRange(0), "How many; 0 is all.")
@setting("side", COUNT, "Pixels of the longer side, for depth.")
@setting("flow_side", COUNT, "And for flow.")
@setting("disparity", click.FloatRange(0), "Weight of the disparity loss.")
@setting("lr", click.FloatRange(0), "Learning rate of Adam.")
@setting("epochs", COUNT, "How often every pair comes.")
@setting("batch", COUNT, "Pairs per step.")
@setting("seed", click.INT, "Of the order of pairs.")
@setting("clouds", COUNT, "A point cloud every so many frames.")
def command(video, out, midas, flow, mask_rcnn, **options):
    """Estimate depth for VIDEO that agrees from frame to frame (Luo et al. 2020, with MiDaS).

    Writes DIR/depth.mp4 (frames, depth before, depth after), DIR/clouds/*.ply and DIR/measures.json. Needs pycolmap:
    pip install "course_lib[sfm]". A GPU is used where there is one.
    """
    tools = published_tools(midas, flow, mask_rcnn)
    run(video, out, tools, Options(**options), say=click.echo)


def published_tools(midas, flow, masks=None):
    """The networks of the paper from their weight files, each loaded when its stage begins.

    Args:
        midas, flow, masks: paths; masks may be None.
    Raises:
        DataError: if one of them is no file; not an hour later, when its stage begins.
    """
    files = {"depth": midas, "flow": flow, "movers": masks}
    paths = {name: path and place(path, DataError) for name, path in files.items()}
    for path in filter(None, paths.values()):
        if not path.is_file():
            raise DataError(f"{path} {'is a folder' if path.is_dir() else absent(path)}: expected a file of weights.")
    midas, flow, masks = paths.values()
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    loaded = {}

    def flow_of(images, others):
        if "flow" not in loaded:
            loaded["flow"] = FlowNet2.from_published(flow).to(device)
        with torch.no_grad():
            return loaded["flow"](torch.cat([images, others], 1).to(device))

    def movers(frames):
        return moving_pixels(mask_rcnn(masks).to(device), frames)

    names = {name: path and path.name for name, path in paths.items()}
    return Tools(partial(midas_network, midas), flow_of, reconstruct, movers if masks else None, device, names)


def main(arguments=None):
    """Run; errors of the course are one message and exit code 1."""
    try:
        command.main(arguments, prog_name="python -m course_lib.video_depth", standalone_mode=False)
    except CourseError as error:
        click.echo(f"video_depth: {error}", err=True)
        sys.exit(1)
    except OSError as error:
        click.echo(f"video_depth: {explain(error)}", err=True)
        sys.exit(1)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (KeyboardInterrupt, click.Abort):
        click.echo("video_depth: interrupted; run again to go on", err=True)
        sys.exit(130)


if __name__ == "__main__":
    main()
