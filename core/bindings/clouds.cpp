// Point clouds: landmarks, witnesses, neighbours, clusters inside cells.
#include "bindings.hpp"

#include <stdexcept>
#include <string>

#include "topolens/maxmin.hpp"
#include "topolens/neighbours.hpp"
#include "topolens/single_linkage.hpp"
#include "topolens/witness.hpp"

namespace {

using Indices = Owned<std::int64_t>;

Indices vector_of(std::vector<std::int64_t>&& data) {
    const size_t size = data.size();
    return owned(std::move(data), {size});
}

template <class Real>
Indices witness_edges(Input<Real, 2> distances, Input<Real, 1> slack, int threads) {
    const auto landmarks = static_cast<std::int64_t>(distances.shape(0));
    const auto witnesses = static_cast<std::int64_t>(distances.shape(1));
    if (static_cast<std::int64_t>(slack.shape(0)) != witnesses)
        throw std::invalid_argument("slack must have one value per witness: expected " + std::to_string(witnesses) +
                                    ", got " + std::to_string(slack.shape(0)));
    if (witnesses == 0) throw std::invalid_argument("distances must have at least one witness column, got none");
    std::vector<std::int64_t> found;
    {
        nb::gil_scoped_release release;
        found = topolens::witness_edges(distances.data(), slack.data(), landmarks, witnesses, threads);
    }
    return vector_of(std::move(found));
}

template <class Real>
Owned<Real> kth_neighbour(Input<Real, 2> points, std::int64_t k, int threads) {
    const auto n = static_cast<std::int64_t>(points.shape(0)), d = static_cast<std::int64_t>(points.shape(1));
    if (k < 1 || k > n - 1)
        throw std::invalid_argument("k must lie between 1 and the number of points minus 1 (" +
                                    std::to_string(n - 1) + "), got " + std::to_string(k));
    std::vector<Real> distances;
    {
        nb::gil_scoped_release release;
        distances = topolens::kth_neighbour(points.data(), n, d, k, threads);
    }
    return owned(std::move(distances), {static_cast<size_t>(n)});
}

template <class Real>
Indices maxmin(Input<Real, 2> points, std::int64_t count, std::int64_t start, int threads) {
    const auto n = static_cast<std::int64_t>(points.shape(0)), d = static_cast<std::int64_t>(points.shape(1));
    if (count < 0) throw std::invalid_argument("count must not be negative, got " + std::to_string(count));
    if (count > 0 && (start < 0 || start >= n))
        throw std::invalid_argument("start must be the index of one of the " + std::to_string(n) +
                                    " points, got " + std::to_string(start));
    std::vector<std::int64_t> chosen;
    {
        nb::gil_scoped_release release;
        chosen = topolens::maxmin(points.data(), n, d, count, start, threads);
    }
    return vector_of(std::move(chosen));
}

void check_cells(Input<std::int64_t, 1> members, Input<std::int64_t, 1> offsets, std::int64_t points) {
    const auto count = static_cast<std::int64_t>(members.shape(0));
    const auto last = static_cast<std::int64_t>(offsets.shape(0)) - 1;
    if (last < 0 || offsets.data()[0] != 0 || offsets.data()[last] != count)
        throw std::invalid_argument("offsets must start at 0 and end at the number of members, " +
                                    std::to_string(count));
    for (std::int64_t c = 0; c < last; ++c)
        if (offsets.data()[c] > offsets.data()[c + 1])
            throw std::invalid_argument("offsets must not decrease, but entry " + std::to_string(c + 1) + " does");
    for (std::int64_t i = 0; i < count; ++i)
        if (members.data()[i] < 0 || members.data()[i] >= points)
            throw std::invalid_argument("members must be indices of the " + std::to_string(points) +
                                        " points, got " + std::to_string(members.data()[i]));
}

template <class Real>
Indices cell_clusters(Input<Real, 2> points, Input<std::int64_t, 1> members, Input<std::int64_t, 1> offsets,
                      std::int64_t bins, int threads) {
    check_cells(members, offsets, static_cast<std::int64_t>(points.shape(0)));
    if (bins < 1 || bins > 1'000'000)
        throw std::invalid_argument("bins must lie between 1 and 1,000,000, got " + std::to_string(bins));
    std::vector<std::int64_t> labels;
    {
        nb::gil_scoped_release release;
        labels = topolens::cell_clusters(points.data(), static_cast<std::int64_t>(points.shape(1)), members.data(),
                                         offsets.data(), static_cast<std::int64_t>(offsets.shape(0)) - 1, bins,
                                         threads);
    }
    return vector_of(std::move(labels));
}

template <class Real>
void bind_all(nb::module_& m) {
    m.def("witness_edges", &witness_edges<Real>, nb::arg("distances").noconvert(), nb::arg("slack").noconvert(),
          nb::arg("threads") = 1);
    m.def("kth_neighbour", &kth_neighbour<Real>, nb::arg("points").noconvert(), nb::arg("k"), nb::arg("threads") = 1);
    m.def("maxmin", &maxmin<Real>, nb::arg("points").noconvert(), nb::arg("count"), nb::arg("start") = 0,
          nb::arg("threads") = 1);
    m.def("cell_clusters", &cell_clusters<Real>, nb::arg("points").noconvert(), nb::arg("members").noconvert(),
          nb::arg("offsets").noconvert(), nb::arg("bins") = 10, nb::arg("threads") = 1);
}

}  // namespace

void bind_clouds(nb::module_& m) {
    bind_all<float>(m);
    bind_all<double>(m);
}
