// Hand cases for the headers behind bindings/graphs.cpp. `make core` builds and runs it under sanitizers.
#include <cstdio>
#include <vector>

#include "topolens/lower_star.hpp"

using namespace topolens;

namespace {

int failures = 0;

void expect(const char* name, const std::vector<double>& values, const std::vector<std::int64_t>& edges,
            const std::vector<std::int64_t>& offsets, const std::vector<Pairs>& wanted, int max_dim = 1) {
    for (int threads : {1, 3}) {
        const auto pairs = lower_star_pairs(values.data(), edges.data(), static_cast<std::int64_t>(edges.size() / 2),
                                            offsets.data(), static_cast<std::int64_t>(offsets.size()) - 1, max_dim,
                                            threads);
        bool same = pairs.size() == wanted.size();
        for (std::size_t b = 0; same && b < pairs.size(); ++b) {
            same = pairs[b].size() == wanted[b].size();
            for (std::size_t k = 0; same && k < pairs[b].size(); ++k)
                same = pairs[b][k].dim == wanted[b][k].dim && pairs[b][k].birth == wanted[b][k].birth &&
                       pairs[b][k].death == wanted[b][k].death;
        }
        if (same) continue;
        ++failures;
        std::printf("FAILED %s with %d threads\n", name, threads);
    }
}

}  // namespace

int main() {
    expect("no graphs", {}, {}, {0}, {});
    expect("an empty graph and a single vertex", {4}, {}, {0, 0, 1}, {{}, {{0, 0, -1}}});
    expect("path with two valleys", {0, 2, 1}, {0, 1, 1, 2}, {0, 3}, {{{0, 0, -1}, {0, 2, 1}}});
    expect("both directions count once", {0, 2, 1}, {0, 1, 1, 0, 1, 2, 2, 1}, {0, 3}, {{{0, 0, -1}, {0, 2, 1}}});
    expect("a self-loop is no cycle", {1, 0}, {0, 0, 1, 0}, {0, 2}, {{{0, 1, -1}}});
    expect("triangle", {0, 1, 2}, {0, 1, 1, 2, 0, 2}, {0, 3}, {{{0, 0, -1}, {1, 2, -1}}});
    expect("triangle, dimension 0", {0, 1, 2}, {0, 1, 1, 2, 0, 2}, {0, 3}, {{{0, 0, -1}}}, 0);
    expect("ties: the later index is younger", {1, 1, 1}, {0, 1, 1, 2, 0, 2}, {0, 3}, {{{0, 0, -1}, {1, 2, -1}}});
    expect("two graphs, edges in mixed order", {0, 5, 3, 3}, {3, 2, 0, 1}, {0, 2, 4},
           {{{0, 0, -1}}, {{0, 2, -1}}});
    expect("two components", {2, 1}, {}, {0, 2}, {{{0, 0, -1}, {0, 1, -1}}});
    std::printf(failures == 0 ? "graphs: all good\n" : "graphs: %d failed\n", failures);
    return failures != 0;
}
