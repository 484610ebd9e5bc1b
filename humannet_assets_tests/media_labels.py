"""Labels of the shared test media, read from its manifest, in the format sources use."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path

# The manifest describes transitions in words; these are its frame numbers, as (hard cuts, fades). Fades lie in the middle of
# the black gap; for the leaf and deer they are read off its luma (black at 180-211 and 360-394; the golden table is five
# frames late). The NASA dissolve (128-147) counts as a fade.
CUTS: dict[str, tuple[list[int], list[int]]] = {
    "exo_nasa_mirror_3shots.mp4": ([202], [138]),
    "neg_slides_talk_1080p.mp4": ([213, 1523, 2096, 2698, 2785, 3015, 3411], []),
    "neg_multishot_leaf_deer_fades.mp4": ([30, 180, 394], [196, 377]),
    "synthetic_fades.mp4": ([], [84, 167]),
    "cg_bigbuckbunny_30s.webm": ([283, 376, 551], []),
}
# Variants of the NASA footage (two are other lengths and rates of it), and one synthetic test pattern in two codecs.
VARIANTS = {
    "odd_nasa_rotated_90.mp4": "exo_nasa_mirror_3shots.mp4",
    "odd_nasa_hdr_hevc10.mp4": "exo_nasa_mirror_3shots.mp4",
    "odd_nasa_vfr.mp4": "exo_nasa_mirror_3shots.mp4",
    "odd_nasa_no_nbframes.mkv": "exo_nasa_mirror_3shots.mp4",
    "odd_corrupted_nal.mp4": "odd_av1_video.mkv",
}


def write_labels(media: Path, target: Path) -> Path:
    """A labels file for the manifest's videos, written to `target`."""
    lines = []
    with (media / "MANIFEST.csv").open(newline="") as file:
        for row in csv.DictReader(file):
            name = row["path"].removeprefix("videos/")
            if name == row["path"] or re.search(r"\.txt$", name):
                continue
            viewpoint = row["viewpoint"] if row["viewpoint"] in {"ego", "exo"} else "none"
            line = {"path": str(media / row["path"]), "human_centric": viewpoint != "none", "viewpoint": viewpoint}
            if name in CUTS:
                line["cuts"], line["fades"] = CUTS[name]
            elif row["cuts"] == "0":
                line["cuts"], line["fades"] = [], []
            line["duplicate_of"] = str(media / "videos" / VARIANTS[name]) if name in VARIANTS else ""
            lines.append(json.dumps(line))
    target.write_text("\n".join(lines))
    return target
