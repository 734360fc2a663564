"""Announces videos on the Kafka topic, so that the pipeline takes them in."""

from __future__ import annotations

import logging
import sys
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from datalake.adapters.kafka import Kafka
    from datalake.ingest.announcements import Announcement

EXAMPLES = """
\b
Examples:
  producer.py                                   the sample clips
  producer.py videos/holiday.mp4                a file
  producer.py videos/ --notify me@example.com   every video of a folder, and a mail when they are done
  producer.py 'videos/**/*.mov' --interval 0.5  a glob; two frames a second
  producer.py videos/ --sampling keyframe       only frames that cost little to decode
  producer.py https://example.com/a.mp4         a URI
  producer.py list.csv --platform youtube       a CSV with a header: uri,video_id,platform,published_at,...
  producer.py --count 1000 --rate 50            a load: 1000 messages, 50 a second

Kafka's address and login are read from config/client.properties.
"""
app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command(epilog=EXAMPLES, help=__doc__)
def produce(
    videos: Annotated[
        list[str] | None,
        typer.Argument(help="Files, folders, globs, URIs or CSV files; without any: the sample clips."),
    ] = None,
    topic: Annotated[str | None, typer.Option(help="Topic other than KAFKA_TOPIC.")] = None,
    platform: Annotated[str, typer.Option(help="Namespace of the video ids.")] = "instagram",
    count: Annotated[
        int | None, typer.Option(min=1, help="Messages to send in all; repeats the list.")
    ] = None,
    rate: Annotated[float | None, typer.Option(min=0.001, help="Messages a second, at most.")] = None,
    sampling: Annotated[str | None, typer.Option(help="interval, keyframe or scene.")] = None,
    interval: Annotated[float | None, typer.Option(help="Seconds between wanted frames.")] = None,
    notify: Annotated[list[str] | None, typer.Option(help="Address that gets a mail; repeatable.")] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Refuse unknown columns of a CSV.")] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print the messages instead of sending.")
    ] = False,
) -> None:
    """Find the videos, send one message each, and account for every one."""
    from datalake import settings
    from datalake.adapters.kafka import Kafka
    from datalake.errors import PipelineError
    from datalake.ingest.announce import with_topic
    from datalake.ingest.announcements import Announcer, Wishes

    _quieten_kafka()
    options = _given(sampling=sampling, interval_s=interval)
    try:
        config = settings.load()
        announcer = Announcer(config.source, Wishes(platform, tuple(notify or ()), options), strict)
        found = announcer.announcements(videos or _sample_clips())
        if dry_run:
            _show(found, count)
            return
        exit_code = _send(with_topic(Kafka.from_settings(config.kafka), topic), found, count, rate)
    except (PipelineError, ValueError) as error:
        typer.secho(str(error), fg="red", err=True)
        raise typer.Exit(2) from None
    raise typer.Exit(exit_code)


def _given(**options: str | float | None) -> dict[str, str | float]:
    return {name: value for name, value in options.items() if value is not None}


def _quieten_kafka() -> None:
    """Hide the log lines that repeat what is printed at the end in one."""
    logging.getLogger("datalake.kafka").addHandler(logging.NullHandler())
    logging.getLogger("datalake.kafka").propagate = False


def _sample_clips() -> list[str]:
    from datalake.embedded.samples import sample_clips

    return [str(path) for path in sample_clips()]


def _show(found: list[Announcement], count: int | None) -> None:
    from datalake.ingest.announce import messages

    for _, payload in messages(found, count):
        typer.echo(payload.decode())


def _send(kafka: Kafka, found: list[Announcement], count: int | None, rate: float | None) -> int:
    """Send with a progress bar; 0 only when the broker has every message."""
    from rich.console import Console
    from rich.progress import Progress

    from datalake.ingest.announce import announce

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(f"Announcing on {kafka.topic}", total=count or len(found))
        report = announce(
            kafka, found, count, rate, lambda sent, delivered: bar.update(task, completed=delivered)
        )
    typer.echo(
        f"{report.sent} sent = {report.delivered} delivered + {report.failed} failed, to {kafka.topic}"
    )
    if report.first_error:
        typer.secho(report.first_error, fg="red", err=True)
    return 0 if report.is_success else 1


if __name__ == "__main__":
    sys.exit(app())
