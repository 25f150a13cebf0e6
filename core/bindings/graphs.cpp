// Persistence pairs of batches of graphs with values on their vertices.
#include "bindings.hpp"

#include <cmath>
#include <stdexcept>
#include <string>

#include "topolens/lower_star.hpp"


namespace {

using Integers = Input<std::int64_t, 1>;

void check_graph_offsets(Integers offsets, std::int64_t vertices) {
    const auto last = static_cast<std::int64_t>(offsets.shape(0)) - 1;
    if (last < 0 || offsets.data()[0] != 0 || offsets.data()[last] != vertices)
        throw std::invalid_argument("offsets must start at 0 and end at the number of vertices, " +
                                    std::to_string(vertices));
    for (std::int64_t b = 0; b < last; ++b)
        if (offsets.data()[b] > offsets.data()[b + 1])
            throw std::invalid_argument("offsets must not decrease, but entry " + std::to_string(b + 1) + " does");
}

void check_edges(Input<std::int64_t, 2> edges, Integers offsets, std::int64_t vertices) {
    if (edges.shape(1) != 2)
        throw std::invalid_argument("edges must have shape (edges, 2), got " + std::to_string(edges.shape(1)) +
                                    " columns");
    std::vector<std::int64_t> graph_of(static_cast<size_t>(vertices));
    for (size_t b = 0; b + 1 < offsets.shape(0); ++b)
        for (std::int64_t v = offsets.data()[b]; v < offsets.data()[b + 1]; ++v)
            graph_of[static_cast<size_t>(v)] = static_cast<std::int64_t>(b);
    for (size_t e = 0; e < edges.shape(0); ++e) {
        const std::int64_t a = edges.data()[2 * e], b = edges.data()[2 * e + 1];
        if (a < 0 || b < 0 || a >= vertices || b >= vertices)
            throw std::invalid_argument("edges must join vertices 0 to " + std::to_string(vertices - 1) + ", got (" +
                                        std::to_string(a) + ", " + std::to_string(b) + ")");
        if (graph_of[static_cast<size_t>(a)] != graph_of[static_cast<size_t>(b)])
            throw std::invalid_argument("edges must stay inside one graph, but (" + std::to_string(a) + ", " +
                                        std::to_string(b) + ") joins two");
    }
}

template <class Real>
nb::tuple lower_star_pairs(Input<Real, 1> values, Input<std::int64_t, 2> edges, Integers offsets, int max_dim,
                           int threads) {
    const auto vertices = static_cast<std::int64_t>(values.shape(0));
    if (max_dim < 0) throw std::invalid_argument("max_dim must not be negative, got " + std::to_string(max_dim));
    std::vector<topolens::Pairs> pairs;
    {
        nb::gil_scoped_release release;
        check_graph_offsets(offsets, vertices);
        check_edges(edges, offsets, vertices);
        for (std::int64_t v = 0; v < vertices; ++v)
            if (std::isnan(values.data()[v]))
                throw std::invalid_argument("values must be numbers, but vertex " + std::to_string(v) + " has NaN");
        pairs = topolens::lower_star_pairs(values.data(), edges.data(), static_cast<std::int64_t>(edges.shape(0)),
                                           offsets.data(), static_cast<std::int64_t>(offsets.shape(0)) - 1, max_dim,
                                           threads);
    }
    return packed(pairs);
}

template <class Real>
void bind_all(nb::module_& m) {
    m.def("lower_star_pairs", &lower_star_pairs<Real>, nb::arg("values").noconvert(), nb::arg("edges").noconvert(),
          nb::arg("offsets").noconvert(), nb::arg("max_dim"), nb::arg("threads") = 1);
}

}  // namespace

void bind_graphs(nb::module_& m) {
    bind_all<float>(m);
    bind_all<double>(m);
}
