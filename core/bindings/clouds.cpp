// Point clouds: landmarks, witnesses, neighbours, clusters inside cells.
#include "bindings.hpp"

#include <algorithm>
#include <stdexcept>
#include <string>

#include "topolens/cell_groups.hpp"
#include "topolens/cell_space.hpp"
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
Owned<Real> kth_neighbour_of(Input<Real, 2> points, std::int64_t k, Input<std::int64_t, 1> rows, int threads) {
    const auto n = static_cast<std::int64_t>(points.shape(0)), d = static_cast<std::int64_t>(points.shape(1));
    if (k < 1 || k > n - 1)
        throw std::invalid_argument("k must lie between 1 and the number of points minus 1 (" +
                                    std::to_string(n - 1) + "), got " + std::to_string(k));
    const auto queries = static_cast<std::int64_t>(rows.shape(0));
    for (std::int64_t q = 0; q < queries; ++q)
        if (rows.data()[q] < 0 || rows.data()[q] >= n)
            throw std::invalid_argument("rows must be indices of the " + std::to_string(n) + " points, got " +
                                        std::to_string(rows.data()[q]));
    std::vector<Real> distances;
    {
        nb::gil_scoped_release release;
        distances = topolens::kth_neighbour(points.data(), n, d, k, rows.data(), queries, threads);
    }
    return owned(std::move(distances), {static_cast<size_t>(queries)});
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

// Runs work(space, points) on a cloud (points, axes) or, where `are_distances`, on a matrix (points, points).
template <class Real, class Work>
auto on_space(Input<Real, 2> given, bool are_distances, Work&& work) {
    const auto rows = static_cast<std::int64_t>(given.shape(0)), columns = static_cast<std::int64_t>(given.shape(1));
    if (are_distances && rows != columns)
        throw std::invalid_argument("distances must be square, got " + std::to_string(rows) + " rows of " +
                                    std::to_string(columns));
    nb::gil_scoped_release release;
    if (are_distances) return work(topolens::MatrixCell<Real>(given.data(), rows));
    return work(topolens::CloudCell<Real>(given.data(), columns));
}

std::int64_t cells_of(Input<std::int64_t, 1> offsets) { return static_cast<std::int64_t>(offsets.shape(0)) - 1; }

template <class Real>
Indices cell_clusters(Input<Real, 2> given, Input<std::int64_t, 1> members, Input<std::int64_t, 1> offsets,
                      std::int64_t bins, int threads, bool are_distances) {
    check_cells(members, offsets, static_cast<std::int64_t>(given.shape(0)));
    if (bins < 1 || bins > 1'000'000)
        throw std::invalid_argument("bins must lie between 1 and 1,000,000, got " + std::to_string(bins));
    return vector_of(on_space(given, are_distances, [&](const auto& space) {
        return topolens::cell_clusters(space, members.data(), offsets.data(), cells_of(offsets), bins, threads);
    }));
}

template <class Real>
Indices cell_groups(Input<Real, 2> given, Input<std::int64_t, 1> members, Input<std::int64_t, 1> offsets,
                    double scale, std::int64_t least, int threads, bool are_distances) {
    check_cells(members, offsets, static_cast<std::int64_t>(given.shape(0)));
    if (!(scale >= 0)) throw std::invalid_argument("scale must not be negative, got " + std::to_string(scale));
    if (least < 0) throw std::invalid_argument("least must not be negative, got " + std::to_string(least));
    return vector_of(on_space(given, are_distances, [&](const auto& space) {
        return topolens::cell_groups(space, members.data(), offsets.data(), cells_of(offsets), scale, least, threads);
    }));
}

template <class Real>
nb::tuple cell_merges(Input<Real, 2> given, Input<std::int64_t, 1> members, Input<std::int64_t, 1> offsets,
                      int threads, bool are_distances) {
    check_cells(members, offsets, static_cast<std::int64_t>(given.shape(0)));
    for (std::int64_t c = 0; c < cells_of(offsets); ++c)
        if (offsets.data()[c] == offsets.data()[c + 1])
            throw std::invalid_argument("cell " + std::to_string(c) + " must hold a member, got none");
    const auto merges = on_space(given, are_distances, [&](const auto& space) {
        return topolens::cell_merges(space, members.data(), offsets.data(), cells_of(offsets), threads);
    });
    std::vector<double> heights;
    std::vector<std::int64_t> from, to;
    for (const topolens::Merge& merge : merges) {
        heights.push_back(merge.height), from.push_back(merge.from), to.push_back(merge.to);
    }
    const size_t size = heights.size();
    return nb::make_tuple(owned(std::move(heights), {size}), vector_of(std::move(from)), vector_of(std::move(to)));
}

Indices cut_merges(Input<double, 1> heights, Input<std::int64_t, 1> from, Input<std::int64_t, 1> to,
                   Input<std::int64_t, 1> offsets, Input<double, 1> cuts) {
    const std::int64_t cells = cells_of(offsets), merges = static_cast<std::int64_t>(heights.shape(0));
    if (cells < 0 || static_cast<std::int64_t>(cuts.shape(0)) != cells || offsets.data()[0] != 0 ||
        offsets.data()[cells] - cells != merges || from.shape(0) != heights.shape(0) || to.shape(0) != heights.shape(0))
        throw std::invalid_argument("offsets, cuts and merges must be those of the same cells");
    for (std::int64_t c = 0; c < cells; ++c) {
        const std::int64_t count = offsets.data()[c + 1] - offsets.data()[c];
        if (count < 1) throw std::invalid_argument("cell " + std::to_string(c) + " must hold a member, got none");
        for (std::int64_t m = offsets.data()[c] - c; m < offsets.data()[c + 1] - c - 1; ++m)
            if (std::min(from.data()[m], to.data()[m]) < 0 || std::max(from.data()[m], to.data()[m]) >= count)
                throw std::invalid_argument("merge " + std::to_string(m) + " must be between members of its cell");
    }
    return vector_of(topolens::cut_merges(heights.data(), from.data(), to.data(), offsets.data(), cuts.data(), cells));
}

template <class Real>
Indices cell_nearest(Input<Real, 2> points, Input<std::int64_t, 1> members, Input<std::int64_t, 1> offsets,
                     Input<Real, 2> queries, Input<std::int64_t, 1> asked, Input<std::int64_t, 1> starts,
                     int threads) {
    check_cells(members, offsets, static_cast<std::int64_t>(points.shape(0)));
    check_cells(asked, starts, static_cast<std::int64_t>(queries.shape(0)));
    if (queries.shape(1) != points.shape(1) || starts.shape(0) != offsets.shape(0))
        throw std::invalid_argument("queries must have the points' coordinates and cells");
    std::vector<std::int64_t> places;
    {
        nb::gil_scoped_release release;
        places = topolens::cell_nearest(points.data(), static_cast<std::int64_t>(points.shape(1)), members.data(),
                                        offsets.data(), cells_of(offsets), queries.data(), asked.data(),
                                        starts.data(), threads);
    }
    return vector_of(std::move(places));
}

template <class Real>
void bind_all(nb::module_& m) {
    m.def("witness_edges", &witness_edges<Real>, nb::arg("distances").noconvert(), nb::arg("slack").noconvert(),
          nb::arg("threads") = 1);
    m.def("kth_neighbour", &kth_neighbour<Real>, nb::arg("points").noconvert(), nb::arg("k"), nb::arg("threads") = 1);
    m.def("kth_neighbour_of", &kth_neighbour_of<Real>, nb::arg("points").noconvert(), nb::arg("k"),
          nb::arg("rows").noconvert(), nb::arg("threads") = 1);
    m.def("maxmin", &maxmin<Real>, nb::arg("points").noconvert(), nb::arg("count"), nb::arg("start") = 0,
          nb::arg("threads") = 1);
    m.def("cell_clusters", &cell_clusters<Real>, nb::arg("points").noconvert(), nb::arg("members").noconvert(),
          nb::arg("offsets").noconvert(), nb::arg("bins") = 10, nb::arg("threads") = 1,
          nb::arg("are_distances") = false);
    m.def("cell_groups", &cell_groups<Real>, nb::arg("points").noconvert(), nb::arg("members").noconvert(),
          nb::arg("offsets").noconvert(), nb::arg("scale"), nb::arg("least") = 0, nb::arg("threads") = 1,
          nb::arg("are_distances") = false);
    m.def("cell_merges", &cell_merges<Real>, nb::arg("points").noconvert(), nb::arg("members").noconvert(),
          nb::arg("offsets").noconvert(), nb::arg("threads") = 1, nb::arg("are_distances") = false);
    m.def("cell_nearest", &cell_nearest<Real>, nb::arg("points").noconvert(), nb::arg("members").noconvert(),
          nb::arg("offsets").noconvert(), nb::arg("queries").noconvert(), nb::arg("asked").noconvert(),
          nb::arg("starts").noconvert(), nb::arg("threads") = 1);
}

}  // namespace

void bind_clouds(nb::module_& m) {
    bind_all<float>(m);
    bind_all<double>(m);
    m.def("cut_merges", &cut_merges, nb::arg("heights").noconvert(), nb::arg("from_").noconvert(),
          nb::arg("to").noconvert(), nb::arg("offsets").noconvert(), nb::arg("cuts").noconvert());
}
