"""The report of real runs: written from what a worker wrote, also when it is over."""

import json

ROWS = [json.dumps({"t": 1.0 + n, "step": n, "epoch": n, "val_accuracy": n / 10}) for n in range(5)]


def test_a_report_of_what_ran(house, tmp_path):
    script = "".join(f"echo '{row}' >> \"$1/metrics.jsonl\"\n" for row in ROWS)
    house.write(house.worker("whole", script) + house.worker("broken", "echo no >&2; exit 3\n"))
    assert house.run("start", "whole", "broken").returncode == 0
    house.wait("whole", lambda row: row["state"] == "finished")
    house.wait("broken", lambda row: row["state"] == "failed")

    done = house.run("report", "--to", str(tmp_path / "out"))
    assert done.returncode == 0, done.stderr
    text = (tmp_path / "out" / "PARALLEL_PROGRESS.md").read_text()
    assert "| whole | here | finished |" in text and "**broken: it failed**" in text
    page = (tmp_path / "out" / "report.html").read_text()
    assert done.stdout.split() == [str(tmp_path / "out" / name) for name in ("PARALLEL_PROGRESS.md", "report.html")]
    assert "<figcaption>val_accuracy" in page and page.count("<polyline") == 2  # the curve and its key

    done = house.run("report", "--print", "whole")
    assert "broken" not in done.stdout.partition("## Hosts")[0] and not (house.folder / "runs").exists()
    done = house.run("report", "whol")
    assert done.returncode == 2 and "did you mean 'whole'" in done.stderr
