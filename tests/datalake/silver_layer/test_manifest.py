from __future__ import annotations

from datalake.contracts import WorkIdentity
from datalake.findings import finding
from datalake.silver_layer.manifest import (
    Manifest,
    WindowSummary,
    image_key,
    manifest_bytes,
    part_key,
    silver_video_from_manifest,
    silver_video_of,
)

FINDING = finding("decode_failed", "2 packets at 5.0 s")


def manifest(work: WorkIdentity) -> Manifest:
    counts = [(0, 10, 4), (1, 5, 0)]
    return Manifest(
        pipeline_version="7",
        work=work,
        raw_key="raw",
        fingerprint="f" * 16,
        vector_dim=384,
        findings=(FINDING,),
        parts=tuple(
            WindowSummary(index=index, part_key=part_key(work, index), frame_count=frames, kept_count=kept)
            for index, frames, kept in counts
        ),
    )


def test_the_record_counts_the_parts_and_names_them_in_order(work: WorkIdentity) -> None:
    silver = silver_video_of(manifest(work))
    assert (silver.frame_count, silver.kept_count, silver.vector_dim) == (15, 4, 384)
    assert silver.part_keys == (part_key(work, 0), part_key(work, 1))
    assert (silver.pipeline_version, silver.findings) == ("7", (FINDING,))


def test_a_manifest_is_read_back_from_its_bytes(work: WorkIdentity) -> None:
    assert silver_video_from_manifest(manifest_bytes(manifest(work))) == silver_video_of(manifest(work))


def test_images_are_spread_over_folders_by_their_hash() -> None:
    assert image_key("ab" * 32) == f"silver/images/ab/{'ab' * 32}.jpg"


def test_part_names_sort_as_their_windows_do_up_to_a_million(work: WorkIdentity) -> None:
    keys = [part_key(work, index) for index in (0, 9, 10, 99_999, 100_000, 999_999)]
    assert sorted(keys) == keys
