// Persistence pairs of batches of graphs with values on their vertices, or on vertices and edges.
#include "bindings.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>
#include <string>

#include "topolens/edge_weighted.hpp"
#include "topolens/extended_graphs.hpp"
#include "topolens/graph_batch.hpp"
#include "topolens/lower_star.hpp"

namespace {

using topolens::GraphBatch;
using Integers = Input<std::int64_t, 1>;
using Ends = Input<std::int64_t, 2>;

void check_graph_offsets(Integers offsets, std::int64_t vertices) {
    const auto last = static_cast<std::int64_t>(offsets.shape(0)) - 1;
    if (last < 0 || offsets.data()[0] != 0 || offsets.data()[last] != vertices)
        throw std::invalid_argument("offsets must start at 0 and end at the number of vertices, " +
                                    std::to_string(vertices));
    for (std::int64_t b = 0; b < last; ++b)
        if (offsets.data()[b] > offsets.data()[b + 1])
            throw std::invalid_argument("offsets must not decrease, but entry " + std::to_string(b + 1) + " does");
}

void check_ends(Ends ends, std::int64_t vertices) {
    if (ends.shape(0) != 2)
        throw std::invalid_argument("edges must have shape (2, edges), got " + std::to_string(ends.shape(0)) + " rows");
    const std::int64_t* data = ends.data();
    const auto bad = std::find_if(data, data + ends.size(), [&](std::int64_t v) { return v < 0 || v >= vertices; });
    if (bad != data + ends.size())
        throw std::invalid_argument("edges must join vertices 0 to " + std::to_string(vertices - 1) + ", got " +
                                    std::to_string(*bad));
}

template <class Real>
void check_numbers(Input<Real, 1> values, const char* what) {
    for (size_t k = 0; k < values.shape(0); ++k)
        if (std::isnan(values.data()[k]))
            throw std::invalid_argument("values must be numbers, but " + std::string(what) + " " + std::to_string(k) +
                                        " has NaN");
}

GraphBatch graph_batch(Ends ends, Integers offsets, std::int64_t vertices) {
    const auto edges = static_cast<std::int64_t>(ends.shape(1));
    if (std::max(vertices, edges) >= std::numeric_limits<std::int32_t>::max())
        throw std::invalid_argument("a batch of graphs must have fewer than 2^31 - 1 vertices and edges");
    check_graph_offsets(offsets, vertices);
    check_ends(ends, vertices);
    GraphBatch graphs(offsets.data(), static_cast<std::int64_t>(offsets.shape(0)) - 1, ends.data(), ends.data() + edges,
                      edges);
    if (const std::int64_t e = graphs.stray(); e >= 0)
        throw std::invalid_argument("edges must stay inside one graph, but (" + std::to_string(ends.data()[e]) + ", " +
                                    std::to_string(ends.data()[edges + e]) + ") joins two");
    return graphs;
}

// Starting a thread costs as much as some 1,000 edges.
int useful_threads(int threads, Ends ends, std::int64_t vertices) {
    const std::int64_t cells = vertices + static_cast<std::int64_t>(ends.shape(1));
    return static_cast<int>(std::min<std::int64_t>(threads, 1 + cells / 4096));
}

void check_max_dim(int max_dim) {
    if (max_dim < 0) throw std::invalid_argument("max_dim must not be negative, got " + std::to_string(max_dim));
}

template <class Real>
nb::tuple lower_star_pairs(Input<Real, 1> values, Ends ends, Integers offsets, int max_dim, int threads) {
    check_max_dim(max_dim);
    std::vector<topolens::Pairs> pairs;
    {
        nb::gil_scoped_release release;
        check_numbers(values, "vertex");
        const auto vertices = static_cast<std::int64_t>(values.shape(0));
        const GraphBatch graphs = graph_batch(ends, offsets, vertices);
        pairs = topolens::lower_star_pairs(values.data(), graphs, max_dim, useful_threads(threads, ends, vertices));
    }
    return packed(pairs);
}

template <class Real>
nb::tuple edge_weighted_pairs(Input<Real, 1> vertex_values, Input<Real, 1> edge_values, Ends ends, Integers offsets,
                              int max_dim, int threads) {
    check_max_dim(max_dim);
    if (edge_values.shape(0) != ends.shape(1))
        throw std::invalid_argument("edges must have one value each, got " + std::to_string(edge_values.shape(0)) +
                                    " values and " + std::to_string(ends.shape(1)) + " edges");
    std::vector<topolens::Pairs> pairs;
    {
        nb::gil_scoped_release release;
        check_numbers(vertex_values, "vertex");
        check_numbers(edge_values, "edge");
        const auto vertices = static_cast<std::int64_t>(vertex_values.shape(0));
        const GraphBatch graphs = graph_batch(ends, offsets, vertices);
        pairs = topolens::edge_weighted_pairs(vertex_values.data(), edge_values.data(), graphs, max_dim,
                                              useful_threads(threads, ends, vertices));
    }
    return packed(pairs);
}

template <class Real>
nb::tuple extended_graph_pairs(Input<Real, 1> values, Ends ends, Integers offsets, int threads) {
    std::vector<topolens::ExtendedPairs> found;
    {
        nb::gil_scoped_release release;
        check_numbers(values, "vertex");
        const auto vertices = static_cast<std::int64_t>(values.shape(0));
        const GraphBatch graphs = graph_batch(ends, offsets, vertices);
        found = topolens::extended_graph_pairs(values.data(), graphs, useful_threads(threads, ends, vertices));
    }
    const auto of_kind = [&](topolens::Pairs topolens::ExtendedPairs::*kind) {
        std::vector<topolens::Pairs> pairs(found.size());
        for (size_t g = 0; g < found.size(); ++g) pairs[g] = std::move(found[g].*kind);
        return packed(pairs);
    };
    using topolens::ExtendedPairs;
    return nb::make_tuple(of_kind(&ExtendedPairs::ord0), of_kind(&ExtendedPairs::rel1), of_kind(&ExtendedPairs::ext0),
                          of_kind(&ExtendedPairs::ext1));
}

template <class Real>
void bind_all(nb::module_& m) {
    m.def("lower_star_pairs", &lower_star_pairs<Real>, nb::arg("values").noconvert(), nb::arg("edges").noconvert(),
          nb::arg("offsets").noconvert(), nb::arg("max_dim"), nb::arg("threads") = 1);
    m.def("edge_weighted_pairs", &edge_weighted_pairs<Real>, nb::arg("vertex_values").noconvert(),
          nb::arg("edge_values").noconvert(), nb::arg("edges").noconvert(), nb::arg("offsets").noconvert(),
          nb::arg("max_dim"), nb::arg("threads") = 1);
    m.def("extended_graph_pairs", &extended_graph_pairs<Real>, nb::arg("values").noconvert(),
          nb::arg("edges").noconvert(), nb::arg("offsets").noconvert(), nb::arg("threads") = 1);
}

}  // namespace

void bind_graphs(nb::module_& m) {
    bind_all<float>(m);
    bind_all<double>(m);
}
