import json
import tempfile
import unittest
from pathlib import Path

import report
from rounds import Samples
from targets import TARGETS, judge


class ReportTest(unittest.TestCase):
    def test_it_names_each_target_and_each_case_and_draws_what_there_is(self):
        samples = Samples()
        for peer, ns in (("shmetrics", 1e6), ("prometheus-cpp", 1e8)):
            for case in ("scrape/1000", "scrape/100000", "increment"):
                samples.ns[(peer, case)] = {0: ns, 1: 2 * ns}
        samples.counters[("shmetrics", "scrape/1000")] = {"bytes": 75000}
        samples.errors[("ruby", "workers")] = "no such file"
        judgements = judge(TARGETS, samples, [])
        with tempfile.TemporaryDirectory() as folder:
            report.write(Path(folder), samples, judgements, 2)
            text = (Path(folder) / "report.md").read_text(encoding="utf-8")
            told = json.loads((Path(folder) / "report.json").read_text(encoding="utf-8"))
            pictures = {path.name for path in Path(folder).glob("*.svg")}
        for target in TARGETS:
            self.assertIn(target.what, text)
        self.assertIn("| scrape/1000 | shmetrics | 1.5 ms | 1 ms to 2 ms |", text)
        self.assertIn("bytes 75,000", text)
        self.assertIn("ruby, workers: no such file", text)
        self.assertEqual(pictures, {"series.svg", "increment.svg"})
        self.assertEqual(len(told["targets"]), len(TARGETS))
        self.assertTrue(next(t for t in told["targets"] if t["what"] == "scrape of 100k series")["kept"])


if __name__ == "__main__":
    unittest.main()
