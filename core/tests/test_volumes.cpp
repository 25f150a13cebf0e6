// Hand cases for the headers behind bindings/volumes.cpp. `make core` builds and runs it under sanitizers.
#include <array>
#include <cmath>
#include <cstdio>
#include <limits>
#include <map>
#include <random>
#include <vector>

#include "topolens/cubical_signal.hpp"
#include "topolens/cubical_volume.hpp"
#include "topolens/ranked_sets.hpp"

using namespace topolens;

namespace {

int failures = 0;
constexpr auto V = Construction::vertices;
constexpr auto T = Construction::top_cells;

void compare(const char* name, const Pairs& pairs, const Pairs& wanted) {
    bool same = pairs.size() == wanted.size();
    for (std::size_t k = 0; same && k < pairs.size(); ++k)
        same = pairs[k].dim == wanted[k].dim && pairs[k].birth == wanted[k].birth && pairs[k].death == wanted[k].death;
    if (same) return;
    ++failures;
    std::printf("FAILED %s:", name);
    for (const Pair& p : pairs) std::printf(" (%d; %d, %d)", int(p.dim), int(p.birth), int(p.death));
    std::printf("\n");
}

void signal(const char* name, std::vector<float> values, const Pairs& wanted) {
    Pairs pairs{{7, 7, 7}};  // must be thrown away
    SignalPairs<float>().compute(values.data(), static_cast<std::int64_t>(values.size()), pairs);
    compare(name, pairs, wanted);
}

template <class Real, Construction kind>
void volume(const char* name, std::vector<Real> values, std::array<std::int64_t, 3> sides, const Pairs& wanted,
            int max_dim = 2) {
    VolumePairs<Real, kind> engine(sides[0], sides[1], sides[2]);
    Pairs pairs{{7, 7, 7}};
    for (int repeat = 0; repeat < 2; ++repeat) engine.compute(values.data(), max_dim, pairs);
    compare(name, pairs, wanted);
}

void signals() {
    const float inf = std::numeric_limits<float>::infinity();
    signal("nothing", {}, {});
    signal("one sample", {3}, {{0, 0, -1}});
    signal("constant", {1, 1, 1}, {{0, 0, -1}});
    signal("rising", {1, 2, 3}, {{0, 0, -1}});
    signal("falling", {3, 2, 1}, {{0, 2, -1}});
    signal("two valleys", {0, 2, 1}, {{0, 0, -1}, {0, 2, 1}});
    signal("valleys of one depth", {0, 2, 0}, {{0, 0, -1}, {0, 2, 1}});
    signal("a flat pass", {1, 2, 2, 0}, {{0, 0, 2}, {0, 3, -1}});
    signal("nested", {0, 9, 3, 5, 2, 8, 1, 7}, {{0, 0, -1}, {0, 2, 3}, {0, 4, 5}, {0, 6, 1}});
    signal("walls", {inf, 0, inf, 1}, {{0, 1, -1}, {0, 3, 2}});
    signal("both zeros are equal", {0.0F, -0.0F, 0.0F}, {{0, 0, -1}});
}

void volumes() {
    volume<float, V>("one voxel", {3}, {1, 1, 1}, {{0, 0, -1}});
    volume<float, T>("one voxel", {3}, {1, 1, 1}, {{0, 0, -1}});
    volume<float, V>("no voxels", {}, {0, 5, 2}, {});
    volume<float, T>("no voxels", {}, {5, 0, 2}, {});
    volume<float, V>("constant", std::vector<float>(24, 1), {2, 3, 4}, {{0, 0, -1}});
    volume<float, T>("constant", std::vector<float>(24, 1), {2, 3, 4}, {{0, 0, -1}});
    volume<double, T>("row with two valleys", {0, 2, 1}, {1, 1, 3}, {{0, 0, -1}, {0, 2, 1}});
    const std::vector<float> ring{0, 0, 0, 0, 5, 0, 0, 0, 0};
    volume<float, V>("ring", ring, {1, 3, 3}, {{0, 0, -1}, {1, 8, 4}});
    volume<float, T>("ring", ring, {3, 1, 3}, {{0, 0, -1}, {1, 7, 4}});
    volume<float, V>("ring, dimension 0 only", ring, {3, 3, 1}, {{0, 0, -1}}, 0);
    // Two zeros that touch in a corner are joined in T only.
    volume<float, V>("diagonal", {0, 1, 1, 1, 1, 1, 1, 0}, {2, 2, 2}, {{0, 0, -1}, {0, 7, 3}});
    volume<float, T>("diagonal", {0, 1, 1, 1, 1, 1, 1, 0}, {2, 2, 2}, {{0, 0, -1}});
    std::vector<float> shell(27, 0);
    shell[13] = 5;
    volume<float, V>("void", shell, {3, 3, 3}, {{0, 0, -1}, {2, 26, 13}});
    // The six voxels that share a side with the middle close the void.
    volume<float, T>("void", shell, {3, 3, 3}, {{0, 0, -1}, {2, 22, 13}});
}

// Cells of every reachable link cancel to as many critical ones as its homology has.
void links_are_perfect() {
    std::mt19937 random(1);
    LowerLinks links;
    for (int trial = 0; trial < 200000; ++trial) {
        const unsigned density = 1 + random() % 15;
        LinkCells set = 0;
        for (int k = 0; k < link_cells; ++k) set |= LinkCells{random() % 16 < density} << k;
        const LinkCells closed = (set & 63U) | closed_squares(set, std::make_index_sequence<link_squares>{});
        const LinkCells cells =
            closed | closed_cubes(closed | (set & ~0x3ffffU), std::make_index_sequence<link_cubes>{});
        if (std::popcount(cells) == link_cells) continue;
        const LowerLink lower = links[cells];
        const UpperLink upper = find_upper_link(cells, lower.tree);
        bool good = upper.count == count_loops(cells, lower.parts);
        for (int k = 0; k < upper.count; ++k)
            for (const std::uint8_t later : upper.squares[static_cast<std::size_t>(k)].gap)
                good = good && (set >> later & 1U) == 0;
        if (!good && failures++ < 5) std::printf("FAILED link %x: %d critical squares\n", cells, upper.count);
    }
}

template <Construction kind>
void nothing_crashes() {
    std::mt19937 random(0);
    const float bad = std::nanf("");
    for (int trial = 0; trial < 200; ++trial) {
        const std::int64_t depth = 1 + random() % 9, height = 1 + random() % 9, width = 1 + random() % 9;
        std::vector<float> values(static_cast<std::size_t>(depth * height * width));
        for (float& voxel : values) voxel = random() % 5 == 0 ? bad : static_cast<float>(random() % 4);
        Pairs pairs;
        VolumePairs<float, kind>(depth, height, width).compute(values.data(), 2, pairs);
        SignalPairs<float>().compute(values.data(), depth * height * width, pairs);
    }
}

template <Construction kind>
void threads_agree() {
    std::mt19937 random(3);
    for (const int levels : {2, 9, 1 << 30}) {
        const std::int64_t depth = 21, height = 37, width = 34;  // more than one tile
        std::vector<float> values(static_cast<std::size_t>(depth * height * width));
        for (float& voxel : values) voxel = static_cast<float>(random() % static_cast<unsigned>(levels));
        Pairs wanted, pairs;
        VolumePairs<float, kind>(depth, height, width).compute(values.data(), 2, wanted);
        for (const int threads : {2, 3, 5}) {
            VolumePairs<float, kind>(depth, height, width, threads).compute(values.data(), 2, pairs);
            compare("threads", pairs, wanted);
        }
    }
}

void ranked_sets() {
    std::mt19937 random(4);
    for (const std::int64_t count : {1, 64, 65, 5000, 300000}) {
        RankedSets sets;
        sets.reset(count);
        std::map<std::int32_t, unsigned> wanted;
        for (int step = 0; step < 20000; ++step) {
            if (random() % 3 != 0) {
                const auto rank = static_cast<std::int32_t>(random() % static_cast<std::uint64_t>(count));
                const unsigned set = 1 + random() % 63;
                sets.toggle(rank, set);
                if ((wanted[rank] ^= set) == 0) wanted.erase(rank);
                continue;
            }
            const auto [rank, set] = sets.pop();
            const bool good =
                wanted.empty() ? rank == -1 : rank == wanted.rbegin()->first && set == wanted.rbegin()->second;
            if (!good && failures++ < 5) std::printf("FAILED ranked sets of %d: rank %d\n", int(count), int(rank));
            if (!wanted.empty()) wanted.erase(std::prev(wanted.end()));
        }
    }
}

// Of a checkerboard, V sees every early voxel alone and T every late voxel inside as a void of its own.
void checkerboard() {
    const std::int64_t n = 19;
    std::vector<double> values(static_cast<std::size_t>(n * n * n));
    for (std::int64_t i = 0; i < n * n * n; ++i)
        values[static_cast<std::size_t>(i)] = static_cast<double>((i / (n * n) + i / n % n + i % n) % 2);
    Pairs pairs;
    std::array<std::int64_t, 3> bars{};
    VolumePairs<double, V>(n, n, n).compute(values.data(), 2, pairs);
    for (const Pair& pair : pairs) ++bars[static_cast<std::size_t>(pair.dim)];
    bool good = bars == std::array<std::int64_t, 3>{(n * n * n + 1) / 2, 0, 0};
    VolumePairs<double, T>(n, n, n).compute(values.data(), 2, pairs);
    bars = {};
    for (const Pair& pair : pairs) ++bars[static_cast<std::size_t>(pair.dim)];
    good = good && bars[0] == 1 && bars[2] == ((n - 2) * (n - 2) * (n - 2) + 1) / 2;
    if (good) return;
    ++failures;
    std::printf("FAILED checkerboard: %d, %d, %d bars\n", int(bars[0]), int(bars[1]), int(bars[2]));
}

}  // namespace

int main() {
    signals();
    volumes();
    links_are_perfect();
    nothing_crashes<V>();
    nothing_crashes<T>();
    threads_agree<V>();
    threads_agree<T>();
    ranked_sets();
    checkerboard();
    std::printf(failures == 0 ? "volumes: all good\n" : "volumes: %d failed\n", failures);
    return failures != 0;
}
