// Hand cases for the headers behind bindings/image_pairs.cpp. `make core` builds and runs it under sanitizers.
#include <cmath>
#include <cstdio>
#include <random>
#include <vector>

#include "topolens/bar_matching.hpp"
#include "topolens/cubical.hpp"
#include "topolens/image_pairs.hpp"

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

template <Construction kind>
void expect(const char* name, const std::vector<float>& inner, const std::vector<float>& outer, std::int64_t height,
            std::int64_t width, const Pairs& wanted, int max_dim = 1) {
    Pairs pairs{{7, 7, 7}};  // must be thrown away
    ImagePairs<float, kind>(height, width).compute(inner.data(), outer.data(), max_dim, pairs);
    report(name, same(pairs, wanted));
}

void hand_cases() {
    expect<V>("no pixels", {}, {}, 0, 5, {});
    expect<T>("one pixel", {3}, {2}, 1, 1, {{0, 0, -1}});
    expect<V>("two valleys", {0, 2, 1}, {0, 1.5F, .5F}, 1, 3, {{0, 0, -1}, {0, 2, 1}});
    expect<V>("joined before it is born", {0, 2, 1}, {0, .5F, .5F}, 1, 3, {{0, 0, -1}});
    expect<V>("the elder is that of the inner", {1, 2, 0}, {-1, 2, 0}, 1, 3, {{0, 0, 1}, {0, 2, -1}});
    expect<V>("ring", {0, 0, 0, 0, 5, 0, 0, 0, 1}, {0, 0, 0, 0, 3, 0, 0, 0, 0}, 3, 3, {{0, 0, -1}, {1, 8, 4}});
    expect<T>("ring", {0, 0, 0, 0, 5, 0, 0, 0, 1}, {0, 0, 0, 0, 3, 0, 0, 0, 0}, 3, 3, {{0, 0, -1}, {1, 7, 4}});
    expect<V>("ring, dimension 0", {0, 0, 0, 0, 5, 0, 0, 0, 1}, {0, 0, 0, 0, 3, 0, 0, 0, 0}, 3, 3, {{0, 0, -1}}, 0);
    expect<V>("filled before it closes", {0, 0, 0, 0, 5, 0, 0, 0, 4}, {0, 0, 0, 0, 3, 0, 0, 0, 0}, 3, 3, {{0, 0, -1}});
}

void matching_cases() {
    // Two valleys in f, one of them in g: the other stands alone.
    const std::vector<double> f{0, 3, 1, 3, 2}, g{1, 4, 4, 4, 0}, h{0, 3, 1, 3, 0};
    std::vector<BarMatch> found;
    BarMatching<double, V>(1, 5).compute(f.data(), g.data(), h.data(), 1, found);
    const std::vector<BarMatch> wanted{{0, {0, never, 4, never}}, {0, {2, 1, absent, absent}}, {0, {4, 3, 0, 3}}};
    report("three valleys against two", found == wanted);
}

template <Construction kind>
void counts_agree(std::mt19937& random) {
    const float bad = std::nanf("");
    for (int trial = 0; trial < 150; ++trial) {
        const std::int64_t height = 1 + random() % 30, width = 1 + random() % 30;
        const auto size = static_cast<std::size_t>(height * width);
        const unsigned levels = trial % 2 == 0 ? 4 : 100000;
        std::vector<float> f(size), g(size), h(size);
        for (std::size_t k = 0; k < size; ++k) {
            f[k] = static_cast<float>(random() % levels);
            g[k] = static_cast<float>(random() % levels);
            h[k] = std::min(f[k], g[k]);
        }
        Pairs own, image;
        BarColumns bars_of_f;
        CubicalPairs<float, kind>(height, width).compute(f.data(), false, 1, 0, bars_of_f);
        for (std::size_t k = 0; k < bars_of_f.count; ++k)
            own.push_back({bars_of_f.dim[k], bars_of_f.cells[2 * k], bars_of_f.cells[2 * k + 1]});
        ImagePairs<float, kind>(height, width).compute(f.data(), f.data(), 1, image);
        report("an image in itself", same(own, image));
        std::vector<BarMatch> found;
        BarMatching<float, kind>(height, width).compute(f.data(), g.data(), h.data(), 1, found);
        std::size_t bars = 0;
        for (const BarMatch& match : found) bars += match.cells[0] != absent;
        report("all bars are there", bars == own.size());
        if (trial % 3 != 0) continue;
        f[random() % size] = g[random() % size] = h[random() % size] = bad;  // nothing crashes
        BarMatching<float, kind>(height, width).compute(f.data(), g.data(), h.data(), 1, found);
    }
}

}  // namespace

int main() {
    hand_cases();
    matching_cases();
    std::mt19937 random(0);
    counts_agree<V>(random);
    counts_agree<T>(random);
    std::printf(failures == 0 ? "image pairs: all good\n" : "image pairs: %d failed\n", failures);
    return failures != 0;
}
