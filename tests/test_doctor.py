"""Each thing that the doctor looks at is broken on purpose once; what it says must name the way out."""

import collections
import json
import os
import sys
import types

import pytest

from course_lib import doctor
from course_lib.errors import DataError


def without(monkeypatch, *names):
    """Make the import of these modules fail as if they were not installed."""
    for name in names:
        monkeypatch.setitem(sys.modules, name, None)


def standing_in(monkeypatch, name, **attributes):
    module = types.ModuleType(name)
    module.__dict__.update(attributes)
    monkeypatch.setitem(sys.modules, name, module)


def test_python_too_old(monkeypatch):
    assert doctor.find_python().status == "ok"
    monkeypatch.setattr(sys, "version_info", (3, 9, 1, "final", 0))
    finding = doctor.find_python()
    assert finding.status == "problem" and "3.10" in finding.fix


def test_torch_works_here():
    finding = doctor.find_torch()
    assert finding.status == "ok", finding
    assert "torchvision" in finding.value


def test_torch_missing(monkeypatch):
    without(monkeypatch, "torch")
    finding = doctor.find_torch()
    assert finding.status == "problem" and "make env" in finding.fix


def test_torchvision_missing(monkeypatch):
    without(monkeypatch, "torchvision")
    finding = doctor.find_torch()
    assert finding.status == "problem" and "constraints.txt" in finding.fix


def test_torchvision_built_for_another_torch(monkeypatch):
    def nms(boxes, scores, iou_threshold):
        raise RuntimeError("operator torchvision::nms does not exist")

    standing_in(monkeypatch, "torchvision", __version__="0.1", ops=types.SimpleNamespace(nms=nms))
    finding = doctor.find_torch()
    assert finding.status == "problem"
    assert "torchvision::nms does not exist" in finding.value and "torch torchvision" in finding.fix


def test_torchvision_that_computes_nonsense(monkeypatch):
    def nms(boxes, scores, iou_threshold):
        import torch

        return torch.arange(len(boxes))

    standing_in(monkeypatch, "torchvision", __version__="0.1", ops=types.SimpleNamespace(nms=nms))
    assert doctor.find_torch().status == "problem"


def test_no_gpu_is_a_note(monkeypatch):
    import torch

    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    finding = doctor.find_gpu()
    assert finding.status == "note" and "Colab" in finding.fix


def test_gpu_whose_driver_fails(monkeypatch):
    import torch

    def fail(*args):
        raise RuntimeError("CUDA driver version is insufficient\nand more")

    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "get_device_properties", fail)
    finding = doctor.find_gpu()
    assert finding.status == "problem" and "driver" in finding.fix
    assert "\n" not in finding.value


@pytest.mark.parametrize("version, status", [("7.6.5", "problem"), ("7.7.1", "ok"), ("8.1.9rc1", "ok"), ("10.0", "ok")])
def test_ipywidgets_versions(monkeypatch, version, status):
    standing_in(monkeypatch, "ipywidgets", __version__=version)
    assert doctor.find_ipywidgets().status == status


def test_ipywidgets_missing(monkeypatch):
    without(monkeypatch, "ipywidgets")
    finding = doctor.find_ipywidgets()
    assert finding.status == "problem" and finding.fix


def test_pyav_works_here():
    assert doctor.find_pyav().status == "ok"


def test_pyav_missing(monkeypatch):
    without(monkeypatch, "av")
    assert doctor.find_pyav().status == "problem"


@pytest.mark.parametrize("lost", ["h264", "libx264"])
def test_pyav_without_h264(monkeypatch, lost):
    import av

    genuine = av.codec.Codec

    def codec(name, mode):
        if name == lost:
            raise ValueError(name)
        return genuine(name, mode)

    monkeypatch.setattr(av.codec, "Codec", codec)
    finding = doctor.find_pyav()
    assert finding.status == "problem"
    assert ("decoder" if lost == "h264" else "encoder") in finding.value
    assert "only-binary" in finding.fix


def test_no_sandbox(monkeypatch):
    monkeypatch.setattr(doctor.shutil, "which", lambda name: None)
    finding = doctor.find_sandbox()
    assert finding.status == "note" and "bubblewrap" in finding.fix


@pytest.mark.skipif(os.name == "nt", reason="uses a shell script as the sandbox")
@pytest.mark.parametrize("script, status", [("exit 0", "ok"), ("echo no namespaces >&2; exit 1", "note")])
def test_sandbox_that_starts_or_not(monkeypatch, tmp_path, script, status):
    program = tmp_path / "bwrap"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setattr(doctor.shutil, "which", lambda name: str(program))
    finding = doctor.find_sandbox()
    assert finding.status == status
    assert status == "ok" or ("no namespaces" in finding.value and "sysctl" in finding.fix)


def test_cache_folder_is_not_made_by_looking(monkeypatch, tmp_path):
    monkeypatch.setenv("COURSE_DATA", str(tmp_path / "a" / "b"))
    finding = doctor.find_cache()
    assert finding.status == "ok" and str(tmp_path / "a" / "b") in finding.value
    assert not (tmp_path / "a").exists()


def test_cache_folder_where_torch_is_missing(monkeypatch):
    without(monkeypatch, "course_lib.data.sets.catalog")
    finding = doctor.find_cache()
    assert finding.status == "note" and "make env" in finding.fix


def test_cache_folder_that_cannot_be_written(monkeypatch, tmp_path):
    (tmp_path / "file").write_text("not a folder")
    monkeypatch.setenv("COURSE_DATA", str(tmp_path / "file" / "data"))
    finding = doctor.find_cache()
    assert finding.status == "problem" and "COURSE_DATA" in finding.fix


def test_cache_folder_on_a_full_disk(monkeypatch, tmp_path):
    usage = collections.namedtuple("usage", "total used free")
    monkeypatch.setenv("COURSE_DATA", str(tmp_path))
    monkeypatch.setattr(doctor.shutil, "disk_usage", lambda place: usage(10, 9, 1))
    finding = doctor.find_cache()
    assert finding.status == "note" and "COURSE_DATA" in finding.fix


def test_kernel_missing(monkeypatch):
    without(monkeypatch, "jupyter_client.kernelspec")
    finding = doctor.find_kernel()
    assert finding.status == "problem" and "ipykernel" in finding.fix


def test_kernel_of_another_interpreter(monkeypatch, tmp_path):
    folder = tmp_path / "kernels" / "python3"
    folder.mkdir(parents=True)
    argv = ["/nowhere/bin/python", "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    (folder / "kernel.json").write_text(json.dumps({"argv": argv, "display_name": "Old", "language": "python"}))
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path))
    finding = doctor.find_kernel()
    assert finding.status == "problem" and "/nowhere/bin/python" in finding.value
    assert "jupyter kernelspec remove" in finding.fix


@pytest.mark.skipif(os.name == "nt", reason="links to interpreters")
def test_interpreters_of_two_environments_differ(tmp_path):
    for path in ("one/python", "one/python3", "two/python"):
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).symlink_to(sys.executable)
    (tmp_path / "one/other").write_text("")
    assert doctor._same_interpreter(tmp_path / "one/python", tmp_path / "one/python3")
    assert not doctor._same_interpreter(tmp_path / "one/python", tmp_path / "two/python")
    assert not doctor._same_interpreter(tmp_path / "one/python", tmp_path / "one/other")


def test_kernel_of_this_interpreter(monkeypatch, tmp_path):
    folder = tmp_path / "kernels" / "python3"
    folder.mkdir(parents=True)
    argv = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    (folder / "kernel.json").write_text(json.dumps({"argv": argv, "display_name": "This", "language": "python"}))
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path))
    assert doctor.find_kernel().status == "ok"


def test_clips(monkeypatch, tmp_path):
    def clip_path(name):
        if name == "lost":
            raise DataError("The clip lost is missing")  # "vanished" has a path, but no file
        return tmp_path / name

    (tmp_path / "one").write_bytes(b"0" * 1000)
    names = ["one"]
    standing_in(monkeypatch, "course_lib.data.sets.shipped", clip_names=lambda: names, clip_path=clip_path)
    assert doctor.find_clips().status == "ok"
    names += ["lost", "vanished"]
    finding = doctor.find_clips()
    assert finding.status == "problem" and "course data make" in finding.fix
    assert "lost" in finding.value and "vanished" in finding.value and "one" not in finding.value


def test_clips_without_pyav(monkeypatch):
    without(monkeypatch, "course_lib.data.sets.shipped")
    finding = doctor.find_clips()
    assert finding.status == "problem" and "make env" in finding.fix


def test_a_check_that_crashes_is_a_finding(monkeypatch):
    def find_trouble():
        raise KeyError("unforeseen")

    monkeypatch.setattr(doctor, "CHECKS", (find_trouble,))
    (finding,) = doctor.diagnose()
    assert finding.name == "trouble" and finding.status == "problem"


def test_report_is_one_screen_and_each_problem_has_a_fix():
    findings = doctor.diagnose()
    text = doctor.report(findings)
    assert len(text.splitlines()) <= 24
    for finding in findings:
        assert finding.status == "ok" or finding.fix
        assert finding.name in text and finding.fix in text


@pytest.mark.parametrize("status, code", [("ok", 0), ("note", 0), ("problem", 1)])
def test_exit_code(monkeypatch, capsys, status, code):
    monkeypatch.setattr(doctor, "CHECKS", (lambda: doctor.Finding("thing", status, "value", "a fix"),))
    assert doctor.main() == code
    assert "a fix" in capsys.readouterr().out
