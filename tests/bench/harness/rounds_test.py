import re
import unittest

from rounds import TOPICS, Samples


class RoundsTest(unittest.TestCase):
    def test_ratios_are_of_the_rounds_in_which_both_sides_were_measured(self):
        samples = Samples()
        samples.add("a", 0, [{"name": "x", "cpu_time": 10, "real_time": 99, "time_unit": "ns"}])
        samples.add("b", 0, [{"name": "x", "cpu_time": 5, "real_time": 99, "time_unit": "ns"}])
        samples.add("a", 1, [{"name": "x", "cpu_time": 1, "real_time": 99, "time_unit": "us"}])
        self.assertEqual(samples.ratios(("a", "x"), ("b", "x")), [2.0])

    def test_a_case_that_measures_the_walls_time_itself_is_taken_by_its_word(self):
        samples = Samples()
        samples.add("a", 0, [{"name": "x/2/iterations:1/manual_time", "cpu_time": 1, "real_time": 7, "time_unit": "ms"}])
        self.assertEqual(samples.median_ns(("a", "x/2")), 7e6)

    def test_a_case_that_two_topics_measure_is_an_error(self):
        run = {"name": "x", "cpu_time": 10, "real_time": 99, "time_unit": "ns"}
        samples = Samples()
        samples.add("a", 0, [run])
        samples.add("a", 1, [run])
        samples.add("b", 0, [run])
        with self.assertRaises(ValueError):
            samples.add("a", 0, [run])

    def test_no_case_of_a_peer_belongs_to_two_topics(self):
        names = {name for topic in TOPICS for name in re.split(r"[|()]", topic.cases) if re.fullmatch(r"[a-z_/:0-9]+", name)}
        self.assertIn("fetch_add", names)
        for name in names:
            peers = [peer for topic in TOPICS if re.search(topic.filter(), name) for peer in topic.peers]
            self.assertEqual(len(peers), len(set(peers)), name)

    def test_an_error_is_kept_in_place_of_a_time(self):
        samples = Samples()
        samples.add("a", 0, [{"name": "x", "error_occurred": True, "error_message": "refused"}])
        self.assertEqual(samples.errors, {("a", "x"): "refused"})
        self.assertIsNone(samples.median_ns(("a", "x")))

    def test_a_topics_filter_takes_whole_names_only(self):
        by_name = {topic.name: re.compile(topic.filter()) for topic in TOPICS}
        self.assertTrue(by_name["increment"].search("increment"))
        self.assertFalse(by_name["increment"].search("increment/threads:2/manual_time"))
        self.assertTrue(by_name["increment together"].search("increment/threads:2/manual_time"))
        self.assertTrue(by_name["registration"].search("registration/iterations:10000"))


if __name__ == "__main__":
    unittest.main()
