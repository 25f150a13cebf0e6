// Ranges of ranks against sorting every window, with ties, strides, absent entries and all numbers of ranks.
#include "topolens/rank_ranges.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <random>
#include <vector>

using namespace topolens;

namespace {

int failures = 0;

void check(bool holds, const char* what) {
    if (holds) return;
    std::fprintf(stderr, "failed: %s\n", what);
    ++failures;
}

WindowGrid grid_of(std::int64_t height, std::int64_t width, std::int64_t side, std::int64_t step) {
    WindowGrid grid{{1, height, width}, {1, (height - side) / step + 1, (width - side) / step + 1}, {1, step, step}, {}};
    for (std::int64_t y = 0; y < side; ++y)
        for (std::int64_t x = 0; x < side; ++x) grid.offsets.push_back(y * width + x);
    return grid;
}

template <class Real, class Index>
void compare(std::int64_t side, std::int64_t step, int levels, bool absent, std::mt19937& random) {
    const std::int64_t planes = 2, height = 9, width = 40;
    const WindowGrid grid = grid_of(height, width, side, step);
    std::vector<Real> values(static_cast<std::size_t>(planes * grid.plane()));
    for (Real& value : values) value = static_cast<Real>(random() % static_cast<unsigned>(levels));
    if (absent)
        for (std::size_t k = 0; k < values.size(); k += 3) values[k] = std::numeric_limits<Real>::infinity();
    const auto size = static_cast<std::int32_t>(side * side);
    std::vector<std::int32_t> ranks{0, size / 2, size - 1};
    const std::vector<RankRange> ranges{{0, 2}, {1, 2}, {-1, 1}};
    const RankRanges<Real, Index> engine(grid, ranks, ranges, absent);
    const auto windows = static_cast<std::size_t>(grid.windows());
    std::vector<Real> out(planes * 3 * windows), again(out.size());
    std::vector<Index> entries(out.size()), twice(out.size());
    engine.forward(values.data(), planes, 1, out.data(), entries.data());
    engine.forward(values.data(), planes, 3, again.data(), twice.data());
    check(out == again && entries == twice, "threads change nothing");
    for (std::int64_t plane = 0; plane < planes; ++plane)
        for (std::int64_t w = 0; w < grid.windows(); ++w) {
            const std::int64_t at = plane * grid.plane() + grid.first(w / grid.out[2]) + w % grid.out[2] * step;
            std::vector<Real> window;
            for (const std::int64_t offset : grid.offsets) window.push_back(values[static_cast<std::size_t>(at + offset)]);
            std::vector<Real> sorted = window;
            std::sort(sorted.begin(), sorted.end());
            std::size_t there = sorted.size();
            while (absent && there > 1 && sorted[there - 1] == std::numeric_limits<Real>::infinity()) --there;
            Real found[3];
            for (std::size_t r = 0; r < 3; ++r) {
                const auto rank = std::min(static_cast<std::size_t>(ranks[r]), there - 1);
                found[r] = sorted[rank];
                const Index entry = entries[(static_cast<std::size_t>(plane) * 3 + r) * windows + static_cast<std::size_t>(w)];
                const auto first = std::find(window.begin(), window.end(), found[r]) - window.begin();
                check(entry == static_cast<Index>(first), "the first entry of the value");
            }
            const std::size_t base = static_cast<std::size_t>(plane) * 3 * windows + static_cast<std::size_t>(w);
            const auto gap = [](Real high, Real low) { return high == low ? Real{0} : high - low; };
            check(out[base] == gap(found[2], found[0]), "least to greatest");
            check(out[base + windows] == gap(found[2], found[1]), "middle to greatest");
            check(out[base + 2 * windows] == found[1], "the middle itself");
        }
    // With all ranks, and ties apart, every entry stands for one rank.
    std::vector<std::int32_t> all(static_cast<std::size_t>(size));
    std::vector<RankRange> single;
    for (std::int32_t r = 0; r < size; ++r) {
        all[static_cast<std::size_t>(r)] = r;
        single.push_back({-1, r});
    }
    const RankRanges<Real, Index> sorter(grid, all, single, false, true);
    std::vector<Real> ordered(static_cast<std::size_t>(planes * size) * windows);
    std::vector<Index> order(ordered.size());
    sorter.forward(values.data(), planes, 2, ordered.data(), order.data());
    for (std::size_t w = 0; w < windows; ++w) {
        std::vector<Index> seen;
        for (std::size_t r = 0; r < static_cast<std::size_t>(size); ++r) {
            seen.push_back(order[r * windows + w]);
            if (r > 0 && ordered[r * windows + w] == ordered[(r - 1) * windows + w])
                check(seen[r] > seen[r - 1], "equal entries in order");
        }
        std::sort(seen.begin(), seen.end());
        for (std::size_t r = 0; r < seen.size(); ++r) check(seen[r] == static_cast<Index>(r), "every entry once");
    }
    // Scatter and gather are adjoint: <scatter g, v> = <g, gather v>, also where ties share.
    std::vector<Real> gradient(out.size()), field(values.size()), back(values.size(), 0), forth(out.size(), 0);
    for (Real& x : gradient) x = static_cast<Real>(static_cast<int>(random() % 9) - 4);
    for (Real& x : field) x = static_cast<Real>(static_cast<int>(random() % 9) - 4);
    for (const Real* shared : {static_cast<const Real*>(nullptr), static_cast<const Real*>(values.data())}) {
        std::fill(back.begin(), back.end(), Real{0});
        engine.scatter(gradient.data(), entries.data(), shared, planes, 2, back.data());
        engine.gather(field.data(), entries.data(), shared, planes, 2, forth.data());
        double one = 0, other = 0;
        for (std::size_t k = 0; k < back.size(); ++k) one += static_cast<double>(back[k]) * static_cast<double>(field[k]);
        for (std::size_t k = 0; k < out.size(); ++k) other += static_cast<double>(gradient[k]) * static_cast<double>(forth[k]);
        check(std::abs(one - other) < 1e-3 * (1 + std::abs(one)), "adjoint");
    }
}

}  // namespace

int main() {
    std::mt19937 random(1);
    for (std::int32_t size = 1; size < 40; ++size) {  // every network sorts, whole or for one rank
        for (std::int32_t rank = -1; rank < size; ++rank) {
            std::vector<std::int32_t> wanted;
            for (std::int32_t r = 0; r < size; ++r)
                if (rank < 0 || r == rank) wanted.push_back(r);
            const auto network = sorting_network(size, wanted);
            std::vector<int> given(static_cast<std::size_t>(size));
            for (int& x : given) x = static_cast<int>(random() % 20);
            std::vector<int> sorted = given;
            std::sort(sorted.begin(), sorted.end());
            for (const Comparison& step : network) {
                int &a = given[static_cast<std::size_t>(step.low)], &b = given[static_cast<std::size_t>(step.high)];
                const int least = std::min(a, b), most = std::max(a, b);
                if (step.wants_low) a = least;
                if (step.wants_high) b = most;
            }
            for (const std::int32_t r : wanted)
                check(given[static_cast<std::size_t>(r)] == sorted[static_cast<std::size_t>(r)], "the network");
        }
    }
    for (const int levels : {2, 5, 1000})
        for (const std::int64_t side : {1, 2, 3, 5})
            for (const std::int64_t step : {1, 2})
                for (const bool absent : {false, true}) {
                    compare<float, std::uint8_t>(side, step, levels, absent, random);
                    compare<double, std::uint16_t>(side, step, levels, absent, random);
                }
    if (failures == 0) std::puts("rank ranges: ok");
    return failures == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
