// Cocycles of the degree-1 bars of a Rips filtration.
//
// Edge (i > j) is oriented from j to i, so the coboundary of a function on vertices is f(i) - f(j) there, and
// z is a cocycle if z(a, b) - z(a, c) + z(b, c) = 0 on every triangle a > b > c.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "rips.hpp"

namespace topolens {

struct Cocycle {
    CellIndex birth, death;
    std::vector<CellIndex> edges;  // rising
    std::vector<std::int64_t> coefficients;  // in [1, field)
};

// One per bar, sorted by (birth, death); each is a cocycle on the complex of all edges before its death.
template <class Scalar>
std::vector<Cocycle> rips_cocycles(const Scalar* values, std::int64_t n, std::int64_t field, double max_scale) {
    check_rips_request(n, 1, field, max_scale);
    const RipsValues<Scalar> item{values, n};
    check_rips_values(item);
    const auto limit = existing_limit<Scalar>(max_scale);
    const auto edges = sorted_edges(item.edges(), n, std::min(limit, enclosing_radius(item, limit)));
    Pairs components;
    const auto forest = rips_components(item, limit, edges, components);
    const RankMatrix ranks(n, edges);
    const SimplexIndex index(n, 3);
    std::vector<Cocycle> cocycles;
    FlagGraph graph(ranks, edges);
    RipsCohomology cohomology(graph, index, PrimeField(field), forest);
    for (const CohomologyBar& bar : cohomology.next_degree(true)) {
        const auto cell = [&](Rank rank) { return item.edge_cell(edges[static_cast<std::size_t>(rank)]); };
        Cocycle cocycle{cell(bar.birth), bar.death == absent ? never : cell(bar.death), {}, {}};
        if (cocycle.death != never && values[cocycle.birth] == values[cocycle.death]) continue;
        auto chain = bar.cocycle;
        std::erase_if(chain, [&](const Simplex& edge) { return edge.diameter >= bar.death; });
        std::sort(chain.begin(), chain.end(), [](const Simplex& a, const Simplex& b) { return a.number < b.number; });
        for (const Simplex& edge : chain) {
            cocycle.edges.push_back(n + edge.number);  // a simplex of two vertices is numbered like its edge
            cocycle.coefficients.push_back(edge.coefficient);
        }
        cocycles.push_back(std::move(cocycle));
    }
    std::sort(cocycles.begin(), cocycles.end(), [](const Cocycle& a, const Cocycle& b) {
        return std::tie(a.birth, a.death) < std::tie(b.birth, b.death);
    });
    return cocycles;
}

}  // namespace topolens
