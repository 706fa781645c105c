"""Statistics of a few paired figures, from their definitions; nothing beyond Python's standard library."""
import math
import random
from collections import Counter

# Figures are compared in units of 1e-4, the digits that study.csv has of an accuracy, so that equal is equal.
UNIT = 1e-4


def mean(xs):
    return math.fsum(xs) / len(xs)


def standard_error(xs):
    """Of the mean, from the sample's deviation; None for fewer than two."""
    if len(xs) < 2:
        return None
    m = mean(xs)
    return math.sqrt(math.fsum((x - m) ** 2 for x in xs) / (len(xs) - 1) / len(xs))


def incomplete_beta(a, b, x):
    """The regularized incomplete beta function, by its continued fraction (modified Lentz)."""
    if x <= 0 or x >= 1:
        return 0.0 if x <= 0 else 1.0
    if x > (a + 1) / (a + b + 2):
        return 1 - incomplete_beta(b, a, 1 - x)
    front = math.exp(math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x)) / a
    tiny = 1e-300
    c, d = 1.0, 1 / ((1 - (a + b) * x / (a + 1)) or tiny)
    fraction = d
    for m in range(1, 1000):
        for step in (m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
                     -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))):
            d = 1 / ((1 + step * d) or tiny)
            c = (1 + step / c) or tiny
            fraction *= c * d
        if abs(c * d - 1) < 1e-15:
            break
    return front * fraction


def t_cdf(t, freedom):
    tail = incomplete_beta(freedom / 2, 0.5, freedom / (freedom + t * t)) / 2
    return 1 - tail if t > 0 else tail


def t_quantile(p, freedom):
    """The t at which Student's distribution function is p, 0.5 <= p < 1, by bisection."""
    low, high = 0.0, 1.0
    while t_cdf(high, freedom) < p:
        high *= 2
    while high - low > 1e-12 * max(1.0, high):
        middle = (low + high) / 2
        low, high = (middle, high) if t_cdf(middle, freedom) < p else (low, middle)
    return (low + high) / 2


def t_interval(xs, level=0.95):
    """Of the mean, as (low, high), by Student's t; None for fewer than two."""
    if len(xs) < 2:
        return None
    half = t_quantile((1 + level) / 2, len(xs) - 1) * standard_error(xs)
    return mean(xs) - half, mean(xs) + half


def sign_test(differences):
    """Exact, two-sided; draws are left out. Returns (wins, losses, draws, p)."""
    units = [round(d / UNIT) for d in differences]
    wins, losses = sum(u > 0 for u in units), sum(u < 0 for u in units)
    n = wins + losses
    p = min(1.0, 2 * sum(math.comb(n, k) for k in range(max(wins, losses), n + 1)) / 2**n)
    return wins, losses, len(units) - n, p


def permutation_test(differences):
    """Exact, two-sided, of the sum over all 2^n choices of signs: the share with |sum| >= the one seen."""
    units = [round(d / UNIT) for d in differences]
    sums = Counter({0: 1})
    for u in units:
        more = Counter()
        for s, count in sums.items():
            more[s + u] += count
            more[s - u] += count
        sums = more
    seen = abs(sum(units))
    return sum(count for s, count in sums.items() if abs(s) >= seen) / 2 ** len(units)


def proportion_interval(right, n):
    """Wilson's 95 % interval of a share, as (low, high)."""
    z = 1.959963984540054
    share, square = right / n, z * z / n
    middle, half = share + square / 2, z * math.sqrt(share * (1 - share) / n + square / n / 4)
    return (middle - half) / (1 + square), (middle + half) / (1 + square)


def ranks(xs):
    """1 for the smallest; equal ones share the mean of their ranks."""
    order = sorted(range(len(xs)), key=xs.__getitem__)
    found = [0.0] * len(xs)
    first = 0
    while first < len(order):
        after = first
        while after < len(order) and xs[order[after]] == xs[order[first]]:
            after += 1
        for k in order[first:after]:
            found[k] = (first + after + 1) / 2
        first = after
    return found


def correlation(pairs):
    """Pearson's; 0 where one of both does not vary."""
    mx, my = (mean([p[i] for p in pairs]) for i in (0, 1))
    xy, xx, yy = (math.fsum(f(p[0] - mx, p[1] - my) for p in pairs)
                  for f in (lambda a, b: a * b, lambda a, _: a * a, lambda _, b: b * b))
    return xy / math.sqrt(xx * yy) if xx > 0 and yy > 0 else 0.0


def rank_correlation(pairs):
    """Spearman's."""
    return correlation(list(zip(ranks([p[0] for p in pairs]), ranks([p[1] for p in pairs]))))


def clustered_interval(clusters, statistic, draws=2000, level=0.95):
    """Percentile bootstrap that draws whole clusters, here all runs of a seed: those are not independent."""
    chance = random.Random(1)
    found = sorted(statistic([p for _ in clusters for p in chance.choice(clusters)]) for _ in range(draws))
    tail = (1 - level) / 2
    return found[int(tail * draws)], found[math.ceil((1 - tail) * draws) - 1]
