// Hand cases for the headers behind bindings/graphs.cpp. `make core` builds and runs it under sanitizers.
#include <cstdio>
#include <random>
#include <vector>

#include "topolens/edge_weighted.hpp"
#include "topolens/extended_graphs.hpp"
#include "topolens/graph_batch.hpp"
#include "topolens/lower_star.hpp"

using namespace topolens;

namespace {

using Values = std::vector<double>;
using Indices = std::vector<std::int64_t>;

int failures = 0;

bool same(const Pairs& found, const Pairs& wanted) {
    bool equal = found.size() == wanted.size();
    for (std::size_t k = 0; equal && k < found.size(); ++k)
        equal = found[k].dim == wanted[k].dim && found[k].birth == wanted[k].birth && found[k].death == wanted[k].death;
    return equal;
}

bool same(const std::vector<Pairs>& found, const std::vector<Pairs>& wanted) {
    bool equal = found.size() == wanted.size();
    for (std::size_t b = 0; equal && b < found.size(); ++b) equal = same(found[b], wanted[b]);
    return equal;
}

void report(const char* name, bool good) {
    if (good) return;
    ++failures;
    std::printf("FAILED %s\n", name);
}

GraphBatch batch(const Indices& from, const Indices& to, const Indices& offsets) {
    return {offsets.data(), static_cast<std::int64_t>(offsets.size()) - 1, from.data(), to.data(),
            static_cast<std::int64_t>(from.size())};
}

void expect(const char* name, const Values& values, const Indices& from, const Indices& to, const Indices& offsets,
            const std::vector<Pairs>& wanted, int max_dim = 1) {
    for (int threads : {1, 3})
        report(name, same(lower_star_pairs(values.data(), batch(from, to, offsets), max_dim, threads), wanted));
}

void lower_stars() {
    expect("no graphs", {}, {}, {}, {0}, {});
    expect("an empty graph and a single vertex", {4}, {}, {}, {0, 0, 1}, {{}, {{0, 0, -1}}});
    expect("path with two valleys", {0, 2, 1}, {0, 1}, {1, 2}, {0, 3}, {{{0, 0, -1}, {0, 2, 1}}});
    expect("both directions count once", {0, 2, 1}, {0, 1, 1, 2}, {1, 0, 2, 1}, {0, 3}, {{{0, 0, -1}, {0, 2, 1}}});
    expect("a self-loop is no cycle", {1, 0}, {0, 1}, {0, 0}, {0, 2}, {{{0, 1, -1}}});
    expect("triangle", {0, 1, 2}, {0, 1, 0}, {1, 2, 2}, {0, 3}, {{{0, 0, -1}, {1, 2, -1}}});
    expect("triangle, dimension 0", {0, 1, 2}, {0, 1, 0}, {1, 2, 2}, {0, 3}, {{{0, 0, -1}}}, 0);
    expect("ties: the later index is younger", {1, 1, 1}, {0, 1, 0}, {1, 2, 2}, {0, 3}, {{{0, 0, -1}, {1, 2, -1}}});
    expect("two graphs, edges in mixed order", {0, 5, 3, 3}, {3, 0}, {2, 1}, {0, 2, 4}, {{{0, 0, -1}}, {{0, 2, -1}}});
    expect("two components", {2, 1}, {}, {}, {0, 2}, {{{0, 0, -1}, {0, 1, -1}}});
    report("an edge between two graphs", batch({0, 1}, {1, 2}, {0, 2, 3}).stray() == 1);
}

void expect_extended(const char* name, const Values& values, const Indices& from, const Indices& to,
                     const ExtendedPairs& wanted) {
    const auto found = extended_graph_pairs(values.data(), batch(from, to, {0, std::int64_t(values.size())}), 1)[0];
    report(name, same(found.ord0, wanted.ord0) && same(found.rel1, wanted.rel1) && same(found.ext0, wanted.ext0) &&
                     same(found.ext1, wanted.ext1));
}

void extended() {
    expect_extended("one vertex", {3}, {}, {}, {{}, {}, {{0, 0, 0}}, {}});
    expect_extended("path", {0, 2, 1, 4, 3}, {0, 1, 2, 3}, {1, 2, 3, 4},
                    {{{0, 2, 1}, {0, 4, 3}}, {{1, 1, 2}}, {{0, 0, 3}}, {}});
    expect_extended("square", {0, 1, 3, 2}, {0, 1, 2, 3}, {1, 2, 3, 0}, {{}, {}, {{0, 0, 2}}, {{1, 2, 0}}});
    expect_extended("triangle with a tail", {2, 2.5, 3, 1}, {0, 1, 0, 2}, {1, 2, 2, 3},
                    {{{0, 0, 2}}, {}, {{0, 3, 2}}, {{1, 2, 0}}});
    expect_extended("edge and triangle", {0, 1, 5, 6, 7}, {0, 2, 3, 4}, {1, 3, 4, 2},
                    {{}, {}, {{0, 0, 1}, {0, 2, 4}}, {{1, 4, 2}}});
    expect_extended("two triangles at a vertex, and a tail", {0, 1, 2, 3, 4, 2.5, 3.5}, {0, 1, 0, 2, 3, 2, 4, 5},
                    {1, 2, 2, 3, 4, 4, 5, 6}, {{{0, 5, 4}}, {{1, 6, 5}}, {{0, 0, 4}}, {{1, 2, 0}, {1, 4, 2}}});
    expect_extended("a loop of one level", {1, 1, 1}, {0, 1, 2}, {1, 2, 0}, {{}, {}, {{0, 0, 2}}, {{1, 2, 0}}});
}

void expect_weighted(const char* name, const Values& vertices, const Values& edges, const Indices& from,
                     const Indices& to, const Indices& offsets, const std::vector<Pairs>& wanted) {
    for (int threads : {1, 2})
        report(name, same(edge_weighted_pairs(vertices.data(), edges.data(), batch(from, to, offsets), 1, threads),
                          wanted));
}

void edge_weighted() {
    expect_weighted("triangle", {0, 0, 0}, {1, 2, 3}, {0, 1, 2}, {1, 2, 0}, {0, 3},
                    {{{0, 0, -1}, {0, 1, 3}, {0, 2, 4}, {1, 5, -1}}});
    expect_weighted("of two edges the earlier counts", {0, 0}, {2, 1}, {0, 1}, {1, 0}, {0, 2},
                    {{{0, 0, -1}, {0, 1, 3}}});
    expect_weighted("a closing edge twice", {0, 0, 0}, {1, 1, 3, 2, 4}, {0, 1, 0, 2, 2}, {1, 2, 2, 0, 2}, {0, 3},
                    {{{0, 0, -1}, {0, 1, 3}, {0, 2, 4}, {1, 6, -1}}});
    expect_weighted("two graphs, edges in mixed order", {0, 0, 0, 1}, {5, 2}, {3, 0}, {2, 1}, {0, 2, 4},
                    {{{0, 0, -1}, {0, 1, 5}}, {{0, 2, -1}, {0, 3, 4}}});
}

// Components, cycles and bars must fit together on anything, also on graphs too large for ranks by counting.
void counts_agree() {
    std::mt19937 random(0);
    for (int trial = 0; trial < 200; ++trial) {
        const std::int64_t n = 1 + random() % (trial % 10 == 0 ? 700 : 60), m = random() % (3 * n);
        Values values(static_cast<std::size_t>(n));
        for (double& x : values) x = trial % 2 == 0 ? random() % 5 : random();
        Indices from, to;
        for (std::int64_t e = 0; e < m; ++e) from.push_back(random() % n), to.push_back(random() % n);
        const auto graphs = batch(from, to, {0, n});
        const auto ordinary = lower_star_pairs(values.data(), graphs, 1, 1)[0];
        const auto found = extended_graph_pairs(values.data(), graphs, 1)[0];
        std::size_t components = 0, cycles = 0, finite = 0;
        for (const Pair& pair : ordinary)
            ++(pair.dim == 1 ? cycles : pair.death == never ? components : finite);
        report("counts", found.ext0.size() == components && found.ext1.size() == cycles && found.ord0.size() == finite);
    }
}

}  // namespace

int main() {
    lower_stars();
    extended();
    edge_weighted();
    counts_agree();
    std::printf(failures == 0 ? "graphs: all good\n" : "graphs: %d failed\n", failures);
    return failures != 0;
}
