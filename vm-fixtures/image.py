"""Builds a test host's disk image from Debian packages, once, and keeps it. Not a launcher: it starts nothing.

An image is named by the digest of all that goes into it (recipe, script, extra packages), so a change makes a new one
and an old one stays valid. It lies in $XDG_CACHE_HOME/tai/images/DIGEST/: `root.img`, an ext4 filesystem, and
`packages.txt`, the versions that came. Needs root, mmdebstrap and e2fsprogs. About 1.5 minutes on 2 cores.
"""

from __future__ import annotations

import hashlib
import json
import os
import shlex
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

RECIPES = Path(__file__).parent / "images"


@dataclass(frozen=True, slots=True)
class Recipe:
    """images/NAME.toml. script: beside it, makes the bare root into a test host; exclude: paths not unpacked.

    variant: mmdebstrap's, which is what the root has besides the packages: `extract` is nothing else. machine_script: beside
    it too, runs last and makes a root that has a kernel boot as a machine.
    """

    suite: str
    packages: tuple[str, ...]
    script: str
    exclude: tuple[str, ...] = ()
    variant: str = "minbase"
    machine_script: str = ""

    @property
    def digest(self) -> str:
        """Of all that goes into the image."""
        # Without what is not said, so that a new field renames no image that was there before it.
        said = {name: value for name, value in asdict(self).items() if value}
        text = json.dumps(said, sort_keys=True).encode()
        text += b"".join(script.read_bytes() for script in self.scripts)
        return hashlib.sha256(text).hexdigest()[:16]

    @property
    def scripts(self) -> tuple[Path, ...]:
        """What is run on the root, in this order."""
        return tuple(RECIPES / name for name in (self.script, self.machine_script) if name)


@dataclass(frozen=True, slots=True)
class Image:
    """A built image. root: the ext4 file, never to be changed, only copied; packages: `name version` lines."""

    root: Path
    packages: Path


def build(recipe: str, extra_packages: Sequence[str] = ()) -> Image:
    """The image of `images/RECIPE.toml` with more packages in it; built when it is not there yet.

    Raises FileNotFoundError for a missing recipe or tool, and CalledProcessError when building fails.
    """
    wanted, image = _place(recipe, extra_packages)
    folder = image.root.parent
    if not image.root.exists():
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent, prefix="building-") as scratch:
            _bootstrap(wanted, Path(scratch))
            (Path(scratch) / "done").rename(folder)  # whole or not at all
    return image


def is_built(recipe: str, extra_packages: Sequence[str] = ()) -> bool:
    """Whether `build` would find it there: then neither root nor mmdebstrap is needed."""
    return _place(recipe, extra_packages)[1].root.exists()


def _place(recipe: str, extra_packages: Sequence[str]) -> tuple[Recipe, Image]:
    with (RECIPES / f"{recipe}.toml").open("rb") as file:
        wanted = Recipe(**tomllib.load(file))
    wanted = replace(wanted, packages=tuple(sorted({*wanted.packages, *extra_packages})))
    folder = _cache() / f"{recipe}-{wanted.digest}"
    return wanted, Image(folder / "root.img", folder / "packages.txt")


def _bootstrap(wanted: Recipe, scratch: Path) -> None:
    root, done = scratch / "root", scratch / "done"
    done.mkdir()
    versions = done / "packages.txt"
    # Of what is only unpacked dpkg knows nothing, so there the archives' names tell the versions.
    bare = wanted.variant == "extract"
    listed = (
        "ls \"$1/var/cache/apt/archives\" | sed -n 's/%3a/:/; s/^\\([^_]*\\)_\\([^_]*\\)_.*\\.deb$/\\1 \\2/p'"
        if bare
        else """chroot "$1" dpkg-query -W -f '${Package} ${Version}\\n'"""
    )
    listed += f" >{shlex.quote(str(versions))}"
    dressed = [f'--customize-hook=sh {shlex.quote(str(script))} "$1"' for script in wanted.scripts]
    _run(
        "mmdebstrap",
        "--mode=root",
        f"--variant={wanted.variant}",
        "--quiet",
        "--aptopt=Acquire::Check-Valid-Until=false",  # a test machine's clock may run ahead of the archive's
        *(f"--dpkgopt=path-exclude={pattern}" for pattern in wanted.exclude),
        "--include=" + ",".join(wanted.packages),
        *((f"--extract-hook={listed}",) if bare else (f"--customize-hook={listed}", *dressed)),
        wanted.suite,
        str(root),
    )
    if bare:  # such a variant has no hook that comes last
        for script in wanted.scripts:
            _run("sh", str(script), str(root))
    # Room for what the host writes itself; the file is sparse, so it costs nothing until then.
    size_kib = int(_run("du", "-sk", str(root)).split()[0]) + 512 * 1024
    filesystem = str(done / "root.img")
    _run("truncate", "-s", f"{size_kib}K", filesystem)
    _run("mkfs.ext4", "-q", "-F", "-d", str(root), "-m", "0", "-O", "^has_journal", filesystem)


def _cache() -> Path:
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "tai" / "images"


def _run(*argv: str) -> str:
    return subprocess.run(argv, check=True, stdout=subprocess.PIPE, text=True).stdout


if __name__ == "__main__":
    print(build(sys.argv[1], sys.argv[2:]).root)
