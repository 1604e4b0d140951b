"""Unpack an archive from the internet without letting it write anywhere else."""

import os
import shutil
import tarfile
import zipfile
from pathlib import PurePosixPath

from course_lib.errors import DataError
from course_lib.places import place, system_errors


@system_errors("the archive cannot be unpacked", DataError)
def unpack(archive, folder):
    """Unpack a zip or tar file into a new folder, which appears whole or not at all.

    Args:
        archive: path of a .zip, .tar, .tar.gz, .tgz, .tar.bz2 or .tar.xz file.
        folder: where to; if it exists already, it is taken to be unpacked and left alone.
    Returns:
        Path of the folder.
    Raises:
        DataError: if the archive is damaged or of another kind, or a member would land outside the folder, or is
            neither file nor folder (links and devices have no place in a data set).
    """
    archive, folder = place(archive, DataError), place(folder, DataError)
    if folder.is_dir():
        return folder
    beside = folder.with_name(f".{folder.name}.unpacking")
    shutil.rmtree(beside, ignore_errors=True)  # what an interrupted run left
    beside.mkdir(parents=True)
    try:
        if zipfile.is_zipfile(archive):
            _unpack_zip(archive, beside)
        elif tarfile.is_tarfile(archive):
            _unpack_tar(archive, beside)
        else:
            advice = f"unpack it by hand: unrar x {archive.name}" if archive.suffix == ".rar" else "is it complete?"
            raise DataError(f"{archive} is neither a zip nor a tar file: {advice}")
        os.replace(beside, folder)
    except (zipfile.BadZipFile, tarfile.TarError, EOFError) as error:
        raise DataError(f"{archive} is damaged ({error}): delete it and download it again.") from error
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    return folder


def _unpack_zip(archive, folder):
    with zipfile.ZipFile(archive) as members:
        for member in members.infolist():
            _check(member.filename, archive)
            unix_type = member.external_attr >> 28  # the upper four bits of st_mode: 8 a file, 4 a folder, 10 a link
            if unix_type not in (0, 4, 8):
                raise DataError(f"{archive} holds a link or device, {member.filename}: refused.")
        members.extractall(folder)


def _unpack_tar(archive, folder):
    with tarfile.open(archive) as members:
        for member in members:
            path = _check(member.name, archive)
            if member.isdir():
                (folder / path).mkdir(parents=True, exist_ok=True)
            elif member.isfile():
                (folder / path).parent.mkdir(parents=True, exist_ok=True)
                with members.extractfile(member) as source, open(folder / path, "wb") as target:
                    shutil.copyfileobj(source, target)
            else:
                raise DataError(f"{archive} holds a link or device, {member.name}: refused.")


def _check(name, archive):
    path = PurePosixPath(name.replace("\\", "/"))
    drive = bool(path.parts) and ":" in path.parts[0]  # "C:x" on Windows
    if path.is_absolute() or ".." in path.parts or drive:
        raise DataError(f"{archive} would write outside its folder, to {name}: refused. Do not trust this file.")
    return path
