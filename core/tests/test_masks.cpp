// Hand cases for the headers behind bindings/masks.cpp. `make core` builds and runs it under sanitizers.
#include <cstdio>
#include <random>
#include <string>
#include <vector>

#include "topolens/homotopy_warp.hpp"
#include "topolens/region_graph.hpp"
#include "topolens/simple_points.hpp"

using namespace topolens;

namespace {

using Mask = std::vector<std::uint8_t>;

int failures = 0;

void report(const char* name, bool good) {
    if (good) return;
    ++failures;
    std::printf("FAILED %s\n", name);
}

// '#' is foreground; the rows stand one after the other.
Mask mask(const std::string& rows) {
    Mask made;
    for (const char c : rows) made.push_back(c == '#');
    return made;
}

void expect_regions(const char* name, std::int64_t height, std::int64_t width, bool wide, const std::string& prediction,
                    const std::string& target, const std::vector<std::int32_t>& wanted) {
    std::vector<std::int32_t> numbers(prediction.size(), 7);  // must be overwritten
    const std::int32_t critical =
        RegionGraph(height, width, wide).compute(mask(prediction).data(), mask(target).data(), numbers.data());
    std::int32_t most = 0;
    for (const std::int32_t number : wanted) most = std::max(most, number);
    report(name, numbers == wanted && critical == most);
}

void regions() {
    expect_regions("no pixels", 0, 5, true, "", "", {});
    expect_regions("alike", 1, 3, true, "#.#", "#.#", {0, 0, 0});
    expect_regions("grown", 1, 3, true, "##.", "#..", {0, -1, 0});
    expect_regions("bridge", 1, 3, true, "###", "#.#", {0, 1, 0});
    expect_regions("gap", 1, 3, true, "#.#", "###", {0, 1, 0});
    expect_regions("alone", 1, 3, true, "..#", "...", {0, 0, 1});
    expect_regions("hole", 3, 3, true, "####.####", "#########", {0, 0, 0, 0, 1, 0, 0, 0, 0});
    expect_regions("dent", 3, 3, true, "####..###", "#########", {0, 0, 0, 0, -1, -1, 0, 0, 0});
    expect_regions("corner, wide", 2, 2, true, "#..#", "#...", {0, 0, 0, -1});
    expect_regions("corner, narrow", 2, 2, false, "#..#", "#...", {0, 0, 0, 1});
    expect_regions("one apart from the other", 1, 5, true, "##..#", "#....", {0, -1, 0, 0, 1});
}

void expect_warp(const char* name, std::int64_t height, std::int64_t width, bool wide, const std::string& from,
                 const std::string& to, const std::string& wanted) {
    Mask warped(from.size(), 7);
    HomotopyWarp<2>({1, height, width}, wide).compute(mask(from).data(), mask(to).data(), warped.data());
    report(name, warped == mask(wanted));
}

void warps() {
    expect_warp("no pixels", 0, 5, true, "", "", "");
    expect_warp("grows", 1, 5, true, "#....", "#####", "#####");
    expect_warp("shrinks", 1, 5, true, "#####", "..#..", "..#..");
    expect_warp("does not vanish", 1, 3, true, "##.", "...", ".#.");
    expect_warp("does not appear", 1, 3, true, "...", "###", "...");
    expect_warp("does not part", 1, 3, true, "###", "#.#", "###");
    expect_warp("moves aside", 2, 3, true, "###...", "...###", "...###");
    expect_warp("corner, wide", 2, 2, true, "#...", "#..#", "#..#");
    expect_warp("corner, narrow", 2, 2, false, "#...", "#..#", "#...");
}

// A slice between empty ones as a volume is warped like the image.
void slices() {
    std::mt19937 random(0);
    std::bernoulli_distribution coin(.5);
    bool same = true;
    for (int trial = 0; trial < 50; ++trial)
        for (const bool wide : {true, false}) {
            Mask from(63), to(63), thick_from(189), thick_to(189), flat(63), thick(189);
            for (std::size_t i = 0; i < 63; ++i) {
                thick_from[63 + i] = from[i] = coin(random);
                thick_to[63 + i] = to[i] = coin(random);
            }
            HomotopyWarp<2>({1, 7, 9}, wide).compute(from.data(), to.data(), flat.data());
            HomotopyWarp<3> volume({3, 7, 9}, wide);
            volume.compute(thick_to.data(), thick_from.data(), thick.data());  // an engine is used again
            volume.compute(thick_from.data(), thick_to.data(), thick.data());
            // Distances to the background differ, which lies above and below, too; topology does not.
            Mask middle(thick.begin() + 63, thick.begin() + 126);
            int left = 0, left_thick = 0;
            const SimplePoints<2> points(wide);
            FramedMask<2> framed({1, 7, 9});
            framed.for_points([&](auto i, std::int64_t k) { framed[i] = middle[static_cast<std::size_t>(k)]; });
            framed.for_points([&](auto i, std::int64_t k) {
                const auto at = static_cast<std::size_t>(k);
                left += flat[at] != to[at];
                left_thick += middle[at] != to[at];
                same &= middle[at] == to[at] || !points.simple(framed.around(i));
            });
            same &= (left == 0) == (left_thick == 0);
        }
    report("slices", same);
}

}  // namespace

int main() {
    regions();
    warps();
    slices();
    if (failures == 0) std::printf("masks: all good\n");
    return failures != 0;
}
