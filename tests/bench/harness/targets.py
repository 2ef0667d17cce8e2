"""Targets: the ratios that shmetrics promises. Each is judged by the median over the rounds, and its floor by the
best round."""

import statistics
from dataclasses import dataclass, replace

OURS = "shmetrics"
# The tests run on any machine, beside other programs. On a busy host the increment was 0.98 × an atomic addition by
# the median, 0.75 × in the best round, and on a quiet one 0.39 × in all rounds. A floor is therefore kept if it is
# missed by less than this in the best of the rounds. Code that has become too slow is too slow in every round.
FLOOR_MARGIN = 1.5
# A round trip to Redis takes 5 us on one host and 15 us on another, while our calls take the same.
FLOOR_MARGIN_OF_ROUND_TRIPS = 3


@dataclass(frozen=True)
class Target:
    what: str
    of: tuple  # peer and case: ours
    to: tuple  # peer and case that it is compared with
    limit: float  # `of` may take at most this multiple of `to`
    topic: str  # the topic of rounds.TOPICS that measures both
    best_round: bool = False  # judged by the best round instead of the median

    def floor(self):
        """The same target as the tests judge it."""
        margin = FLOOR_MARGIN_OF_ROUND_TRIPS if self.to[0] == "redis" else FLOOR_MARGIN
        return replace(self, limit=self.limit * margin, best_round=True)

    def wanted(self):
        return f"{1 / self.limit:,.0f} × faster" if self.limit < 0.5 else f"≤ {self.limit:g} × its cost"


def faster(times):
    return 1.0 / times


TARGETS = (
    Target("counter, cached handle", (OURS, "increment"), (OURS, "fetch_add"), 0.6, "increment"),
    Target("counter, 1 thread", (OURS, "increment"), ("prometheus-cpp", "increment"), faster(4), "increment"),
    Target("counter, 2 threads on one", (OURS, "increment/threads:2"), ("prometheus-cpp", "increment/threads:2"),
           faster(10), "increment together"),
    Target("counter, 2 processes on one", (OURS, "increment/processes:2"), (OURS, "fetch_add/processes:2"), faster(3),
           "increment together"),
    Target("observe, 10 bounds", (OURS, "observe"), ("prometheus-cpp", "observe"), faster(4), "observe"),
    Target("observe, 10 exponential bounds", (OURS, "observe_exponential"), ("prometheus-cpp", "observe_exponential"),
           faster(6), "observe"),
    Target("look-up and increment, one hot key", (OURS, "look_up/hot"), ("prometheus-cpp", "look_up/hot"), faster(10),
           "look-up"),
    Target("look-up and increment, random keys", (OURS, "look_up/random"), ("prometheus-cpp", "look_up/random"),
           faster(5), "look-up"),
    Target("lease, acquire and release", (OURS, "acquire_release"), ("redis", "acquire_release"), faster(50), "leases"),
    # Measured as 550 to 625 times as fast, and as 425 in one bad minute.
    Target("lease, renew", (OURS, "renew"), ("redis", "renew"), faster(400), "leases"),
    Target("minutes, reserve and settle", (OURS, "reserve_settle"), (OURS, "acquire_release"), 1.5, "leases"),
    Target("minutes, consume", (OURS, "consume_daily_minutes"), (OURS, "acquire_release"), 1, "leases"),
    Target("lease among 50,000 others", (OURS, "acquire_release/50000"), (OURS, "acquire_release/10"), 1.5, "leases"),
    Target("lease among 100,000 of its own key", (OURS, "crowd/lease/100000"), (OURS, "crowd/lease/100"), 2, "crowds"),
    Target("refusal among 100,000 leases of the key", (OURS, "crowd/refusal/100000"), (OURS, "crowd/refusal/100"), 2,
           "crowds"),
    Target("first set of a gauge among 100,000", (OURS, "crowd/new_gauge/100000"), (OURS, "crowd/new_gauge/100"), 2,
           "crowds"),
    Target("look-up and set of a gauge among 100,000", (OURS, "crowd/known_gauge/100000"),
           (OURS, "crowd/known_gauge/100"), 2, "crowds"),
    Target("known family among 20,000", (OURS, "crowd/known_family/20000"), (OURS, "crowd/known_family/20"), 2,
           "crowds"),
    Target("look-up of 20,000 chosen keys", (OURS, "crowd/look_up/chosen"), (OURS, "crowd/look_up/random"), 1.25,
           "chosen keys"),
    Target("lease of 20,000 chosen keys", (OURS, "crowd/acquire/chosen"), (OURS, "crowd/acquire/random"), 1.25,
           "chosen keys"),
    Target("scrape of 100k series", (OURS, "scrape/100000"), ("prometheus-cpp", "scrape/100000"), faster(60), "scrape"),
    Target("the same by curl", (OURS, "scrape_http/identity/100000"), ("prometheus-cpp", "scrape_http/identity/100000"),
           faster(15), "scrape by curl"),
    Target("the same by curl, gzip", (OURS, "scrape_http/gzip/100000"), ("prometheus-cpp", "scrape_http/gzip/100000"),
           faster(17), "scrape by curl"),
    Target("gzip against none, by curl", (OURS, "scrape_http/gzip/100000"), (OURS, "scrape_http/identity/100000"), 2.6,
           "scrape by curl"),
    Target("scrape of 32 workers of 10k series", (OURS, "scrape_workers/32"), ("python", "scrape_workers/32"),
           faster(2000), "workers"),
    # Compared with a copy of the body that a scrape just made, with the caches as a scrape leaves them. A
    # copy in a loop of its own would find everything in the cache.
    Target("scrape of 100k integers", (OURS, "scrape/100000"), (OURS, "memcpy_after/100000"), 8, "scrape"),
    Target("scrape after 3,000 workers have died", (OURS, "scrape_after_deaths/3000"), (OURS, "scrape_after_deaths/0"),
           1.1, "deaths"),
    Target("increment beside a scraper of 100k series", (OURS, "increment/beside_scraper"), (OURS, "increment/alone"),
           1.15, "beside a scraper"),
)


@dataclass
class Judgement:
    target: Target
    ratios: list
    why_not: str = ""  # the reason if nothing was measured
    attempt: int = 1

    @property
    def median(self):
        return statistics.median(self.ratios) if self.ratios else None

    @property
    def judged(self):
        return min(self.ratios) if self.target.best_round else self.median

    @property
    def kept(self):
        return bool(self.ratios) and self.judged <= self.target.limit

    def got(self):
        if not self.ratios:
            return f"not measured: {self.why_not}"
        low, high = min(self.ratios), max(self.ratios)
        if self.target.limit < 0.5:
            got = f"{1 / self.median:,.1f} × faster ({1 / high:,.1f} to {1 / low:,.1f})"
        else:
            got = f"{self.median:.2f} × ({low:.2f} to {high:.2f})"
        return got if self.attempt == 1 else f"{got}, attempt {self.attempt}"

    def line(self):
        return f"{'kept  ' if self.kept else 'MISSED'}  {self.target.what}: wanted {self.target.wanted()}, got {self.got()}"


def judge(targets, samples, peers):
    """Judges each target. If one cannot be judged, the judgement says what to install."""
    missing = {peer.name: peer.package for peer in peers if not peer.is_there()}

    def why_not(target):
        for key in (target.of, target.to):
            if key[0] in missing:
                return f"{key[0]} is missing: install {missing[key[0]]}"
            for known in (key, (key[0], target.topic)):
                if known in samples.errors:
                    return f"{key[0]}: {samples.errors[known]}"
        return "the two were never measured in one round"

    judgements = []
    for target in targets:
        ratios = samples.ratios(target.of, target.to)
        judgements.append(Judgement(target, ratios, "" if ratios else why_not(target)))
    return judgements
