import unittest

from peers import Peer
from rounds import TOPICS, Samples
from targets import TARGETS, Target, judge

TARGET = Target("it", ("shmetrics", "x"), ("other", "x"), 0.25, "topic")
THERE = Peer("other", ["/bin/true"], "nothing")


def measured(ours, theirs):
    samples = Samples()
    for number, (a, b) in enumerate(zip(ours, theirs)):
        samples.ns[TARGET.of][number] = a
        samples.ns[TARGET.to][number] = b
    return samples


class TargetsTest(unittest.TestCase):
    def test_the_median_of_the_rounds_is_judged_not_the_worst_of_them(self):
        (judgement,) = judge([TARGET], measured([1, 1, 9], [10, 10, 10]), [THERE])
        self.assertTrue(judgement.kept)
        (judgement,) = judge([TARGET], measured([1, 9, 9], [10, 10, 10]), [THERE])
        self.assertFalse(judgement.kept)

    def test_a_floor_is_kept_by_the_best_round_within_its_margin(self):
        (judgement,) = judge([TARGET.floor()], measured([9, 3.7, 9], [10, 10, 10]), [THERE])
        self.assertTrue(judgement.kept)
        (judgement,) = judge([TARGET.floor()], measured([3.8, 9, 9], [10, 10, 10]), [THERE])
        self.assertFalse(judgement.kept)

    def test_a_missed_target_is_named_with_what_was_wanted_and_what_was_got(self):
        (judgement,) = judge([TARGET], measured([5], [10]), [THERE])
        self.assertEqual(judgement.line(), "MISSED  it: wanted 4 × faster, got 2.0 × faster (2.0 to 2.0)")

    def test_a_missing_peer_misses_its_targets_and_says_what_to_install(self):
        (judgement,) = judge([TARGET], Samples(), [Peer("other", ["/no/such/program"], "the-package")])
        self.assertFalse(judgement.kept)
        self.assertIn("other is missing: install the-package", judgement.line())

    def test_what_a_peer_failed_of_is_told(self):
        samples = Samples()
        samples.errors[("other", "topic")] = "no connection"
        (judgement,) = judge([TARGET], samples, [THERE])
        self.assertIn("other: no connection", judgement.line())

    def test_each_target_is_measured_by_a_topic_that_has_both_of_its_sides(self):
        topics = {topic.name: topic for topic in TOPICS}
        for target in TARGETS:
            for peer, case in (target.of, target.to):
                with self.subTest(target.what, case=case):
                    self.assertIn(peer, topics[target.topic].peers)
                    self.assertRegex(case, topics[target.topic].filter())


if __name__ == "__main__":
    unittest.main()
