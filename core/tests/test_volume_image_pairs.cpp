// Hand cases for the headers behind bindings/volume_image_pairs.cpp. `make core` builds and runs it under sanitizers.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <random>
#include <set>
#include <vector>

#include "topolens/cubical_volume.hpp"
#include "topolens/ranked_bits.hpp"
#include "topolens/volume_image_pairs.hpp"
#include "topolens/volume_matching.hpp"

using namespace topolens;

namespace {

constexpr auto V = Construction::vertices;
constexpr auto T = Construction::top_cells;

int failures = 0;

void report(const char* name, bool good) {
    if (good) return;
    ++failures;
    std::printf("FAILED %s\n", name);
}

bool same(const Pairs& found, const Pairs& wanted) {
    bool equal = found.size() == wanted.size();
    for (std::size_t k = 0; equal && k < found.size(); ++k)
        equal = found[k].dim == wanted[k].dim && found[k].birth == wanted[k].birth && found[k].death == wanted[k].death;
    return equal;
}

void bits_are_a_set(std::mt19937& random) {
    for (const std::int64_t count : {1, 64, 65, 5000, 300000}) {
        RankedBits bits;
        bits.reset(count);
        std::set<std::int32_t> numbers;
        bool equal = bits.largest() == -1;
        for (int step = 0; step < 3000; ++step) {
            const bool take = !numbers.empty() && random() % 3 == 0;
            const auto number = take ? *numbers.rbegin() : static_cast<std::int32_t>(random() % count);
            bits.toggle(number);
            if (!numbers.erase(number)) numbers.insert(number);
            equal = equal && bits.largest() == (numbers.empty() ? -1 : *numbers.rbegin());
        }
        report("bits are a set", equal);
    }
}

void hand_cases() {
    Pairs pairs{{7, 7, 7}};  // must be thrown away
    VolumeImagePairs<float>(0, 5, 2, V).compute(nullptr, nullptr, 2, pairs);
    report("no voxels", same(pairs, {}));
    const std::vector<float> inner{0, 2, 1}, outer{0, 1.5F, .5F};
    for (const Construction kind : {V, T}) {
        VolumeImagePairs<float>(3, 1, 1, kind).compute(inner.data(), outer.data(), 2, pairs);
        report("two valleys", same(pairs, {{0, 0, -1}, {0, 2, 1}}));
    }
    std::vector<double> shell(27, 0.0);
    shell[13] = 5, shell[26] = 1;
    std::vector<double> filled = shell;
    filled[13] = 3;
    VolumeImagePairs<double>(3, 3, 3, V).compute(shell.data(), filled.data(), 2, pairs);
    report("a void", same(pairs, {{0, 0, -1}, {2, 26, 13}}));
    std::vector<BarMatch> found;
    VolumeMatching<double>(3, 3, 3, V).compute(shell.data(), filled.data(), filled.data(), 2, found);
    report("two voids", found == std::vector<BarMatch>{{0, {0, never, 0, never}}, {2, {26, 13, 26, 13}}});
}

// The loop of f around its centre is filled in h before it closes: only without `valid` it is matched.
void bars_that_end_before_they_start() {
    const std::vector<double> f{0, 0, 0, 0, 5, 0, 0, 0, 4}, g{0, 0, 0, 0, 3, 0, 0, 0, 0};
    VolumeMatching<double> matching(1, 3, 3, V);
    std::vector<BarMatch> found;
    const BarMatch oldest{0, {0, never, 0, never}};
    matching.compute(f.data(), g.data(), g.data(), 1, found);
    report("apart", found == std::vector<BarMatch>{oldest, {1, {absent, absent, 8, 4}}, {1, {8, 4, absent, absent}}});
    matching.compute(f.data(), g.data(), g.data(), 1, found, false);
    report("together", found == std::vector<BarMatch>{oldest, {1, {8, 4, 8, 4}}});
}

template <Construction kind>
void counts_agree(std::mt19937& random) {
    const float bad = std::nanf("");
    for (int trial = 0; trial < 60; ++trial) {
        const std::int64_t depth = 1 + random() % 9, height = 1 + random() % 9, width = 1 + random() % 9;
        const auto size = static_cast<std::size_t>(depth * height * width);
        const unsigned levels = trial % 2 == 0 ? 4 : 100000;
        std::vector<float> f(size), g(size), h(size);
        for (std::size_t k = 0; k < size; ++k) {
            f[k] = static_cast<float>(random() % levels);
            g[k] = static_cast<float>(random() % levels);
            h[k] = std::min(f[k], g[k]);
        }
        Pairs own, image;
        VolumePairs<float, kind>(depth, height, width).compute(f.data(), 2, own);
        VolumeImagePairs<float>(depth, height, width, kind).compute(f.data(), f.data(), 2, image);
        report("a volume in itself", same(own, image));
        std::vector<BarMatch> found;
        VolumeMatching<float>(depth, height, width, kind).compute(f.data(), g.data(), h.data(), 2, found);
        std::size_t bars = 0;
        for (const BarMatch& match : found) bars += match.cells[0] != absent;
        report("all bars are there", bars == own.size());
        VolumeMatching<float>(depth, height, width, kind).compute(f.data(), g.data(), h.data(), 2, found, false);
        for (const BarMatch& match : found) bars -= match.cells[0] != absent;
        report("all bars are there without valid", bars == 0);
        f[random() % size] = g[random() % size] = h[random() % size] = bad;  // nothing crashes
        VolumeMatching<float>(depth, height, width, kind).compute(f.data(), g.data(), h.data(), 2, found);
    }
}

}  // namespace

int main() {
    hand_cases();
    bars_that_end_before_they_start();
    std::mt19937 random(0);
    bits_are_a_set(random);
    counts_agree<V>(random);
    counts_agree<T>(random);
    std::printf(failures == 0 ? "volume image pairs: all good\n" : "volume image pairs: %d failed\n", failures);
    return failures != 0;
}
