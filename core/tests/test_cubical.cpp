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

template <class Real, Construction kind>
void expect(const char* name, std::vector<Real> image, std::int64_t height, std::int64_t width, const Pairs& wanted,
            int max_dim = 1) {
    CubicalPairs<Real, kind> engine(height, width);
    Pairs pairs{{7, 7, 7}};  // must be thrown away
    engine.compute(image.data(), max_dim, pairs);
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
    expect<float, V>("infinite wall", {0, inf, 1}, 1, 3, {{0, 0, -1}, {0, 2, 1}});
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
        Pairs pairs;
        CubicalPairs<float, V>(height, width).compute(image.data(), 1, pairs);
        CubicalPairs<float, T>(height, width).compute(image.data(), 1, pairs);
    }
}

// Black pixels of a checkerboard hold together by their corners in T, and every white pixel inside is a hole of
// its own: enough saddles for the counting sort.
void checkerboard() {
    const int n = 61;
    std::vector<float> image(n * n);
    for (int r = 0; r < n; ++r)
        for (int c = 0; c < n; ++c) image[static_cast<std::size_t>(r * n + c)] = static_cast<float>((r + c) % 2);
    Pairs pairs;
    CubicalPairs<float, T>(n, n).compute(image.data(), 1, pairs);
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
    std::printf(failures == 0 ? "cubical: all good\n" : "cubical: %d failed\n", failures);
    return failures != 0;
}
