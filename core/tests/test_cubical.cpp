// Hand cases for the headers behind bindings/cubical.cpp. `make core` builds and runs it under sanitizers.
#include <cstdio>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include "topolens/cubical.hpp"

using namespace topolens;

namespace {

int failures = 0;

template <class Pixel, Construction kind>
Pairs bars_of(CubicalPairs<Pixel, kind>& engine, const std::vector<Pixel>& image, bool superlevel, int max_dim) {
    BarColumns bars;
    engine.compute(image.data(), superlevel, max_dim, 5, bars);
    Pairs pairs;
    for (std::size_t k = 0; k < bars.count; ++k) {
        if (bars.batch[k] != 5) ++failures;
        pairs.push_back({bars.dim[k], bars.cells[2 * k], bars.cells[2 * k + 1]});
    }
    return pairs;
}

template <class Pixel, Construction kind>
void expect(const char* name, std::vector<Pixel> image, std::int64_t height, std::int64_t width, const Pairs& wanted,
            int max_dim = 1, bool superlevel = false) {
    CubicalPairs<Pixel, kind> engine(height, width);
    const Pairs pairs = bars_of(engine, image, superlevel, max_dim);
    bool same = pairs.size() == wanted.size();
    for (std::size_t k = 0; same && k < pairs.size(); ++k)
        same = pairs[k].dim == wanted[k].dim && pairs[k].birth == wanted[k].birth && pairs[k].death == wanted[k].death;
    if (same) return;
    ++failures;
    std::printf("FAILED %s:", name);
    for (const Pair& p : pairs) std::printf(" (%d; %d, %d)", int(p.dim), int(p.birth), int(p.death));
    std::printf("\n");
}

constexpr auto V = Construction::vertices;
constexpr auto T = Construction::top_cells;

void hand_cases() {
    const float inf = std::numeric_limits<float>::infinity();
    expect<float, V>("one pixel", {3}, 1, 1, {{0, 0, -1}});
    expect<float, T>("one pixel", {3}, 1, 1, {{0, 0, -1}});
    expect<float, V>("no pixels", {}, 0, 5, {});
    expect<float, T>("no pixels", {}, 5, 0, {});
    expect<float, V>("constant", {1, 1, 1, 1}, 2, 2, {{0, 0, -1}});
    expect<double, T>("row with two valleys", {0, 2, 1}, 1, 3, {{0, 0, -1}, {0, 2, 1}});
    expect<float, V>("column with two valleys", {0, 2, 1}, 3, 1, {{0, 0, -1}, {0, 2, 1}});
    // A ring of zeros around a peak: a loop in both constructions, from the last pixel of the ring to the peak.
    expect<float, V>("ring", {0, 0, 0, 0, 5, 0, 0, 0, 0}, 3, 3, {{0, 0, -1}, {1, 8, 4}});
    expect<float, T>("ring", {0, 0, 0, 0, 5, 0, 0, 0, 0}, 3, 3, {{0, 0, -1}, {1, 7, 4}});
    // Two zeros that touch in a corner are joined in T only.
    expect<float, V>("diagonal", {0, 1, 1, 0}, 2, 2, {{0, 0, -1}, {0, 3, 1}});
    expect<float, T>("diagonal", {0, 1, 1, 0}, 2, 2, {{0, 0, -1}});
    expect<float, V>("dimension 0 only", {0, 0, 0, 0, 5, 0, 0, 0, 0}, 3, 3, {{0, 0, -1}}, 0);
    expect<float, V>("both zeros are equal", {0.0F, -0.0F, 0.0F}, 1, 3, {{0, 0, -1}});
    expect<float, V>("missing pixel", {0, inf, 1}, 1, 3, {{0, 0, -1}, {0, 2, -1}});
    expect<float, V>("missing pixel above", {0, -inf, -1}, 1, 3, {{0, 0, -1}, {0, 2, -1}}, 1, true);
    expect<double, T>("a hole for ever", {0, 0, 0, 0, inf, 0, 0, 0, 0}, 3, 3, {{0, 0, -1}, {1, 7, -1}});
    expect<float, V>("nothing enters", {inf, inf}, 1, 2, {});
    // The ends of the integers, both ways up.
    expect<std::uint8_t, V>("bytes", {0, 255, 1}, 1, 3, {{0, 0, -1}, {0, 2, 1}});
    expect<std::uint8_t, V>("bytes above", {0, 255, 1}, 1, 3, {{0, 1, -1}}, 1, true);
    expect<std::int16_t, T>("shorts", {-32768, 32767, -32767}, 1, 3, {{0, 0, -1}, {0, 2, 1}});
    expect<std::int16_t, T>("shorts above", {32767, -32768, 32766}, 1, 3, {{0, 0, -1}, {0, 2, 1}}, 1, true);
    expect<std::uint16_t, V>("unsigned shorts", {0, 65535, 1}, 3, 1, {{0, 0, -1}, {0, 2, 1}});
    expect<std::uint8_t, V>("ring of bytes", {0, 0, 0, 0, 255, 0, 0, 0, 0}, 3, 3, {{0, 0, -1}, {1, 8, 4}});
}

// Four gaps in a plus of peaks: one saddle that joins four components.
void crossing() {
    const std::vector<double> image{0, 9, 1, 9, 5, 9, 2, 9, 3};
    expect<double, T>("four corners", image, 3, 3, {{0, 0, -1}, {0, 2, 4}, {0, 6, 4}, {0, 8, 4}});
}

void nothing_crashes() {
    std::mt19937 random(0);
    const float bad = std::nanf("");
    for (int trial = 0; trial < 300; ++trial) {
        const std::int64_t height = 1 + random() % 40, width = 1 + random() % 40;
        std::vector<float> image(static_cast<std::size_t>(height * width));
        for (float& pixel : image) pixel = random() % 5 == 0 ? bad : static_cast<float>(random() % 4);
        BarColumns bars;
        CubicalPairs<float, V>(height, width).compute(image.data(), false, 1, 0, bars);
        CubicalPairs<float, T>(height, width).compute(image.data(), true, 1, 0, bars);
    }
}

// Buffers and labels of earlier images, rough or smooth, must not shine through.
template <class Pixel, Construction kind>
void engines_may_be_used_again() {
    std::mt19937 random(1);
    for (const auto& [height, width] : {std::pair{1, 70}, {70, 1}, {2, 40}, {33, 31}, {64, 65}}) {
        CubicalPairs<Pixel, kind> used(height, width);
        for (int trial = 0; trial < 40; ++trial) {
            std::vector<Pixel> image(static_cast<std::size_t>(height * width));
            const bool smooth = random() % 2 == 0;
            for (int k = 0; k < height * width; ++k)
                image[static_cast<std::size_t>(k)] =
                    static_cast<Pixel>(smooth ? (k / width) * (k % width) / 9 : static_cast<int>(random() % 50));
            if (smooth) image[random() % image.size()] = 49;
            CubicalPairs<Pixel, kind> fresh(height, width);
            const bool superlevel = trial % 3 == 0;
            const int max_dim = trial % 5 == 0 ? 0 : 1;
            const Pairs one = bars_of(used, image, superlevel, max_dim);
            const Pairs other = bars_of(fresh, image, superlevel, max_dim);
            bool same = one.size() == other.size();
            for (std::size_t k = 0; same && k < one.size(); ++k)
                same = one[k].dim == other[k].dim && one[k].birth == other[k].birth && one[k].death == other[k].death;
            if (!same) ++failures, std::printf("FAILED used again: %d x %d, trial %d\n", height, width, trial);
        }
    }
}

// Black pixels of a checkerboard hold together by their corners in T, and every white pixel inside is a hole of
// its own: as many ties as there can be.
void checkerboard() {
    const int n = 61;
    std::vector<float> image(n * n);
    for (int r = 0; r < n; ++r)
        for (int c = 0; c < n; ++c) image[static_cast<std::size_t>(r * n + c)] = static_cast<float>((r + c) % 2);
    CubicalPairs<float, T> engine(n, n);
    const Pairs pairs = bars_of(engine, image, false, 1);
    std::int64_t loops = 0, components = 0;
    for (const Pair& pair : pairs) (pair.dim == 1 ? loops : components) += 1;
    const std::int64_t white_inside = (n - 2) * (n - 2) / 2;
    if (components != 1 || loops != white_inside) {
        ++failures;
        std::printf("FAILED checkerboard: %d components, %d loops\n", int(components), int(loops));
    }
}

}  // namespace

int main() {
    hand_cases();
    crossing();
    nothing_crashes();
    checkerboard();
    engines_may_be_used_again<float, V>();
    engines_may_be_used_again<double, T>();
    engines_may_be_used_again<std::uint8_t, T>();
    engines_may_be_used_again<std::int16_t, V>();
    std::printf(failures == 0 ? "cubical: all good\n" : "cubical: %d failed\n", failures);
    return failures != 0;
}
