#!/usr/bin/env python3
"""The page of `kvmark report --html` in headless Chromium: what is drawn, and that nothing is fetched."""

import copy
import json
import sys
import unittest

import browser
from tool import SIMULATED, SOURCE, ToolTest

SAMPLE = str(SOURCE / "tests/data/mooncake_sample.jsonl")
LARGEST_PAGE = 2 * 2**20
PARTS = ["queue", "submit", "device", "copy", "verify"]


def percent(share: float) -> str:
    return f"{100 * share:.0f} %"


def job_of(run: dict) -> dict:
    """A made-up job of two ranks on each of two hosts, one of which failed."""
    def rank(number: int) -> dict:
        tiers = [{"name": t["name"], "read_gib_per_s": 1.25 + number if t["role"] == "storage" else 99.0,
                  "write_gib_per_s": 0.25 + number} for t in run["kvmark"]["tiers"]]
        return {"rank": number, "host": f"node{number // 2}", "complete": number != 3, "interrupted": False,
                "failure": "no space left" if number == 3 else None, "requests": 10, "tokens": 100,
                "tiers": None if number == 3 else tiers, "storage_io_p95_ms": None if number == 3 else 10.0 * (number + 1)}

    job = copy.deepcopy(run)
    hosts = [{"host": f"node{h}", "ranks": [2 * h, 2 * h + 1], "complete_ranks": 2 - h, "tiers": [], "cores_used": 1.0,
              "logical_cpus": 8, "cores_saturated": False} for h in range(2)]
    job["kvmark"]["job"] = {"partial": True, "ranks": [rank(n) for n in range(4)], "hosts": hosts, "slowest_rank": None,
                            "slowest_host": {"host": "node1", "share_of_mean": 0.8}}
    return job


class HtmlPage(ToolTest):
    @classmethod
    def setUpClass(cls):
        cls.browser = cls.enterClassContext(browser.Browser())

    def page(self, *results: str):
        run = self.run_tool("report", *results, "--html", "page.html")
        if "built without Apache ECharts" in run.stderr:
            print(f"SKIPPED: {run.stderr.strip()}")
            self.skipTest("no chart library")
        self.assertEqual(run.returncode, 0, run.stderr)
        page = self.folder / "page.html"
        self.assertLess(page.stat().st_size, LARGEST_PAGE)
        return page

    def simulated_run(self, name: str = "run.json", *more: str) -> dict:
        self.succeeds("run", *SIMULATED, "--gpu-mem-gb", "0", "--cpu-mem-gb", "1", "--output", name, *more)
        return self.read_json(name)

    def look(self, path, **window) -> browser.Page:
        """Whatever is looked at must not fail, fetch, or be wider than its window."""
        page = self.browser.open(path, **window)
        for figure in page.figures().values():
            self.assertTrue(figure.label.startswith(figure.title), "a drawing says what it is")
            self.assertGreater(len(figure.rows), 1, f"{figure.title} has its values as a table")
            self.assertGreater(len(figure.texts), 2, f"{figure.title} is drawn")
            self.assertTrue(figure.inside, f"{figure.title} fits")
        width = window.get("width", 1400)
        self.assertEqual(page.value("[innerWidth, document.documentElement.scrollWidth]"), [width, width])
        self.assertEqual(page.complaints, [])
        self.assertEqual(page.requests, [])
        return page

    def assert_shown(self, page: browser.Page, background: tuple[int, int, int]):
        rows = browser.pixels(page.screenshot(), 120)
        self.assertEqual(rows[0][0], background)
        self.assertGreater(len({pixel for row in rows for pixel in row}), 20, "the picture is blank")

    def test_a_run_at_both_widths_and_in_both_schemes(self):
        run = self.simulated_run()
        path = self.page("run.json")
        self.assertIn("default-src 'none'", path.read_text())
        page = self.look(path)
        self.assert_shown(page, (0xF4, 0xF6, 0xF8))
        self.assertEqual(page.value("[...document.querySelectorAll('section')].map((s) => s.id)"),
                         ["headline-figures", "over-time", "latency", "latency-budget", "hits", "what-was-run"])
        figures = page.figures()
        used = [t for t in run["kvmark"]["tiers"] if t["limit_bytes"] != 0]
        self.assertEqual([t["role"] for t in used], ["cpu", "storage"])
        operations = {f"{t['role']}-{t['name']} {o}": t[o] for t in used for o in ["read", "write"] if t[o]["operations"]}
        self.assertEqual(len(operations), 4)

        # A line for each tier and operation, reads solid and writes dashed, and a row of the table for each.
        for title in ["Latency by tier and operation", "Percentiles by tier and operation"]:
            figure = figures[title]
            looks = {tuple(line) for line in figure.lines}
            self.assertEqual(len({color for color, _ in looks}), 2, looks)
            self.assertEqual(sorted(dashed for _, dashed in looks), [False, False, True, True])
            self.assertLessEqual(set(operations), set(figure.texts), "the legend names them")
            self.assertTrue(any(text.endswith(" ms") for text in figure.texts), "an axis has milliseconds")
            self.assertEqual([row[0] for row in figure.rows[1:]], list(operations))
            self.assertEqual([row[1] for row in figure.rows[1:]], [f"{o['total']['count']:,}" for o in operations.values()])
        self.assertIn("P99", figures["Percentiles by tier and operation"].texts)

        # The bars of the budget have the shares of the means.
        budget = figures["Latency budget of an entry"]
        for o in operations.values():
            means = [(o[part]["latency_ms"] or {"mean": 0})["mean"] for part in PARTS]
            self.assertIn(percent(max(means) / sum(means)), budget.texts)
        self.assertLessEqual(set(PARTS), set(budget.texts))

        hits = figures["Hits by tier"]
        read = {t["role"]: t["read"]["operations"] for t in used}
        everything = sum(read.values()) + run["kvmark"]["cache"]["misses"]
        self.assertIn(percent(read["storage"] / everything), hits.texts)
        self.assertIn(f"{read['storage']:,} (", hits.rows[1][2])

        rates = figures["Throughput over time"]
        self.assertEqual(len(rates.rows) - 1, len(run["kvmark"]["timeline"]))
        self.assertEqual(len({color for color, _ in rates.lines}), 2)
        first = run["kvmark"]["timeline"][0]
        self.assertAlmostEqual(float(rates.rows[1][1].split()[0]), first["storage_read_bytes"] / first["at_s"] / 2**30, 2)

        self.hover_and_keys(page)
        self.paper(page)
        page.value("document.getElementById('theme').click()")
        self.assert_shown(page, (0x0E, 0x14, 0x1B))

        narrow = self.look(path, width=400, dark=True)
        self.assert_shown(narrow, (0x0E, 0x14, 0x1B))
        self.assertEqual(list(narrow.figures()), list(figures))

    def hover_and_keys(self, page: browser.Page):
        """The first chart tells its values under the pointer, and to who has no pointer."""
        x, y, width, height = page.value("(() => { const c = document.querySelector('.chart'); c.scrollIntoView(); c.focus(); "
                                         "const r = c.getBoundingClientRect(); return [r.x, r.y, r.width, r.height]; })()")
        page.point_at(x + width / 2, y + height / 2)
        tip = page.value("document.querySelector('.chart').innerText")
        self.assertRegex(tip, r"at [\d.]+ s\s+storage read\s+[\d.]+ GiB/s\s+storage write")
        page.point_at(1, 1)
        for _ in range(2):
            page.press("ArrowRight")
            page.value("0")
        spoken = page.value("document.getElementById('spoken').textContent")
        self.assertIn(page.figures()["Throughput over time"].rows[2][1], spoken)

    def paper(self, page: browser.Page):
        """Paper is light, with the tables open, and leaves no trace."""
        page.value("""addEventListener("beforeprint", () => {
            window.paper = [document.documentElement.dataset.theme, document.querySelectorAll("section details[open]").length,
                            document.querySelector(".chart svg").clientWidth]; }) || 0""")
        self.assertGreater(len(page.print()), 50_000)
        scheme, tables, width = page.value("window.paper")
        self.assertEqual(scheme, "light")
        self.assertGreaterEqual(tables, 8)
        self.assertLess(width, 700)
        self.assertEqual(page.value("document.querySelectorAll('section details[open]').length"), 0)

    def test_a_job_and_a_second_run(self):
        run = self.simulated_run()
        job = job_of(run)
        job["kvmark"]["warnings"] = ["</script><script>document.title = 'taken over'</script>"]
        for at, row in enumerate(job["kvmark"]["timeline"]):
            row["storage_read_ms"] = {"count": 9, "p50": 2.0 + at, "p95": 3.0 + at, "p99": 4.0 + at} if at != 3 else None
        self.write("job.json", json.dumps(job))
        page = self.look(self.page("run.json", "job.json"))
        figures = page.figures()
        heat = figures["job: Storage read by host and rank"]
        self.assertLessEqual({"node0", "node1", "1.25 GiB/s", "2.25 GiB/s", "3.25 GiB/s", "failed"}, set(heat.texts))
        self.assertEqual(heat.rows[4][-1], "no space left")
        self.assertNotIn("4.25 GiB/s", heat.texts)
        lines = figures["Latency over time: storage read P99"]
        self.assertEqual([row[1] for row in lines.rows[3:5]], ["6 ms", "-"])
        overlaid = figures["Percentiles: storage-modelled read"]
        self.assertEqual(len({color for color, _ in overlaid.lines}), 2)
        self.assertLessEqual({"run", "job"}, set(overlaid.texts))
        self.assertIn("</script><script>document.title = 'taken over'</script>", page.value("document.body.innerText"))
        self.assertEqual(page.value("document.title"), "Results side by side - kvmark report")

    def test_curves(self):
        trace = ["--trace", SAMPLE]
        self.write("plan.json", self.succeeds("plan", *trace, "--json").stdout)
        self.write("sweep.json", self.succeeds("simulate", *trace, "--json", "--sweep", "policy=lru:s3fifo,capacity=5:20:80").stdout)
        self.write("tiers.json", self.succeeds("simulate", *trace, "--json", "--capacity-blocks", "10,30").stdout)
        page = self.look(self.page("plan.json", "sweep.json", "tiers.json"))
        figures = page.figures()
        curve = figures["Hit rate over capacity"]
        self.assertEqual(len({color for color, _ in curve.lines}), 3)
        self.assertLessEqual({"plan: lru of every size", "lru", "s3fifo"}, set(curve.texts))
        best = max(p["hit_token_ratio"] for p in self.read_json("sweep.json")["points"])
        self.assertIn(f"{100 * best:.1f} %", [row[3] for row in curve.rows[1:]])
        self.assertIn("missed", figures["Hits by tier"].texts)

    def test_a_comparison_and_a_search(self):
        for side, users in [("a", 20), ("b", 60)]:
            for trial in range(2):
                self.simulated_run(f"{side}{trial}.json", "--num-users", str(users), "--seed", str(trial))
        self.succeeds("report", "--compare", "a0.json,a1.json", "b0.json,b1.json", "--html", "page.html")
        compared = json.loads(self.succeeds("report", "--compare", "a0.json,a1.json", "b0.json,b1.json", "--json").stdout)
        page = self.look(self.folder / "page.html")
        ratios = page.figures()["B over A"]
        judged = [m for m in compared["comparison"]["metrics"] if m["scale"] == "ratio" and m["low"] is not None]
        self.assertGreater(len(judged), 2)
        self.assertEqual([row[0] for row in ratios.rows[1:]], [m["metric"] for m in judged])
        self.assertLessEqual({m["metric"] for m in judged}, set(ratios.texts))
        self.assertEqual(len([fill for fill in ratios.fills if fill.startswith("#")]) >= len(judged), True)
        self.assertIn(f"{judged[0]['ratio']:.3f} (", ratios.rows[1][1])

        def point(load: int, verdict: str, mean: float) -> dict:
            figure = {"metric": "p95_ttft", "unit": "ms", "limit": 500, "mean": mean, "low": mean - 5, "high": mean + 5}
            return {"load": load, "verdict": verdict, "confidence": 0.99, "figures": [figure], "trials": [{}]}

        search = {"load": "users", "keeps": 36, "fails": 64, "plateau": None, "plateau_unit": None, "argv": ["kvmark"], "confidence": 0.9,
                  "answer": "36 users keep the target"}
        path = [point(8, "keeps", 40), point(64, "fails", 640), point(36, "keeps", 200)]
        self.write("search.json", json.dumps({"search": search, "path": path, "options": {}}))
        figures = self.look(self.page("search.json")).figures()
        self.assertEqual([row[1:3] for row in figures["Path of the search"].rows[1:]],
                         [["8", "keeps the target"], ["64", "fails"], ["36", "keeps the target"]])
        self.assertEqual([row[1] for row in figures["p95_ttft over load"].rows[1:]],
                         ["40 ms (35 ms to 45 ms)", "200 ms (195 ms to 205 ms)", "640 ms (635 ms to 645 ms)"])
        colors = figures["Path of the search"].fills
        self.assertEqual([colors.count("#007d5c"), colors.count("#c25400")], [3, 2], "the legend, and a mark for each load")

    def test_many_long_runs_still_fit(self):
        run = self.simulated_run()
        timeline, row = [], run["kvmark"]["timeline"][0]
        for at in range(1, 5001):
            timeline.append({**row, "at_s": at + 1 / 3, "storage_read_bytes": 2**30,
                             "storage_read_ms": {"count": 7, "p50": 1 / 3, "p95": 2 / 3, "p99": 90.0 if at == 4321 else 1.0}})
        run["kvmark"]["timeline"] = timeline
        long = {"count": 5000, "latency_ms": {"p50": 1.0}, "histogram_ns": [[4096 * i, 4096 * i + 4095, 1] for i in range(5000)]}
        for tier in run["kvmark"]["tiers"]:
            for operation in ["read", "write"]:
                for part in tier[operation].values():
                    if isinstance(part, dict):
                        part.update(long)
        run["end_to_end_latencies"] = [1 / 3] * 100000
        names = [self.write(f"run{i}.json", json.dumps(run)) for i in range(12)]
        content = self.page(*names).read_text()
        data = content.split('<script type="application/json" id="data">')[1].split("</script>")[0]
        for document in json.loads(data)["documents"]:
            timeline = document["kvmark"]["timeline"]
            self.assertLessEqual(len(timeline["at_s"]), 600)
            self.assertEqual(max(timeline["storage_read_ms"]["p99"]), 90, "no stall is lost")
            self.assertAlmostEqual(sum(timeline["storage_read_bytes"]), 5000 * 2**30, delta=2**30)

    def test_a_request_would_be_seen(self):
        """Else none would prove nothing."""
        canary = self.folder / "canary.html"
        canary.write_text("<!doctype html><img src='http://127.0.0.1:9/picture.png'><script>nothing()</script>")
        page = self.browser.open(canary)
        self.assertEqual(page.requests, ["http://127.0.0.1:9/picture.png"])
        self.assertIn("nothing is not defined", page.complaints[0] + page.complaints[-1])


if __name__ == "__main__":
    if not browser.CHROMIUM:
        print("SKIPPED: chromium is not installed; no page was looked at")
        sys.exit(77)
    unittest.main()
