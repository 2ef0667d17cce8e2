import unittest
import xml.etree.ElementTree as ElementTree

import chart


class ChartTest(unittest.TestCase):
    def test_lines_show_a_point_for_each_value_and_a_name_for_each_series(self):
        picture = ElementTree.fromstring(chart.lines("t", "x", {"a<b": {1: 10.0, 1000: 5e6}, "c": {10: 3e3}}))
        tags = [element.tag.split("}")[1] for element in picture.iter()]
        self.assertEqual((tags.count("circle"), tags.count("polyline")), (3, 2))
        self.assertIn("a<b", [element.text for element in picture.iter()])

    def test_names_of_lines_that_end_together_do_not_cover_each_other(self):
        picture = ElementTree.fromstring(chart.lines("t", "x", {"a": {1: 100.0, 9: 100.0}, "b": {9: 101.0}, "c": {9: 99.0}}))
        heights = sorted(float(e.get("y")) for e in picture.iter() if e.text in ("a", "b", "c"))
        self.assertGreaterEqual(min(heights[1] - heights[0], heights[2] - heights[1]), 12)

    def test_what_is_slower_stands_higher(self):
        picture = ElementTree.fromstring(chart.bars("t", "x", {"fast": 10.0, "slow": 1000.0}))
        heights = [float(e.get("height")) for e in picture.iter() if e.tag.endswith("rect")]
        self.assertLess(heights[0], heights[1])

    def test_one_value_alone_can_be_drawn(self):
        ElementTree.fromstring(chart.lines("t", "x", {"a": {5: 10.0}}))
        ElementTree.fromstring(chart.bars("t", "x", {"a": 10.0}))

    def test_times_carry_their_unit(self):
        self.assertEqual([chart.with_unit(ns) for ns in (2.5, 1500, 2e6, 3e9)], ["2.5 ns", "1.5 µs", "2 ms", "3 s"])


if __name__ == "__main__":
    unittest.main()
