// Ranges of ranks in sliding windows.
#include "bindings.hpp"

#include <nanobind/stl/optional.h>

#include <optional>
#include <stdexcept>
#include <string>
#include <tuple>

#include "topolens/rank_ranges.hpp"

namespace {

using topolens::RankRange;
using topolens::WindowGrid;
using Integers = Input<std::int64_t, 1>;
using Triple = std::tuple<std::int64_t, std::int64_t, std::int64_t>;

std::array<std::int64_t, 3> array_of(const Triple& triple) {
    return {std::get<0>(triple), std::get<1>(triple), std::get<2>(triple)};
}

// What all three calls share: the grid with the ranks and ranges that are asked for.
struct Task {
    WindowGrid grid;
    std::vector<std::int32_t> ranks;
    std::vector<RankRange> ranges;
};

Task task_of(std::array<std::int64_t, 3> sides, Triple out, Triple strides, Integers offsets, Integers ranks,
             Integers lows, Integers highs) {
    Task task{{sides, array_of(out), array_of(strides), {}}, {}, {}};
    const auto size = static_cast<std::int64_t>(offsets.shape(0)), places = static_cast<std::int64_t>(ranks.shape(0));
    if (size < 1 || size > 65536)
        throw std::invalid_argument("a window must have 1 to 65536 entries, got " + std::to_string(size));
    task.grid.offsets.assign(offsets.data(), offsets.data() + size);
    const auto [least, most] = std::minmax_element(task.grid.offsets.begin(), task.grid.offsets.end());
    std::int64_t last = 0;
    for (std::size_t axis = 0; axis < 3; ++axis) {
        if (task.grid.out[axis] < 0 || task.grid.strides[axis] < 1 || sides[axis] < 0)
            throw std::invalid_argument("sides and out must not be negative and strides must be at least 1");
        if (task.grid.out[axis] > 0 && (task.grid.out[axis] - 1) > (sides[axis] - 1) / task.grid.strides[axis])
            throw std::invalid_argument("windows must lie within the planes");
        last = last * sides[axis] + std::max<std::int64_t>(task.grid.out[axis] - 1, 0) * task.grid.strides[axis];
    }
    if (sides[1] * sides[2] > 0 && sides[0] > std::numeric_limits<std::int64_t>::max() / 64 / sides[1] / sides[2])
        throw std::invalid_argument("the planes are too large");
    if (task.grid.windows() > 0 && (*least < 0 || last + *most >= task.grid.plane()))
        throw std::invalid_argument("windows must lie within the planes");
    for (std::int64_t r = 0; r < places; ++r) {
        if (ranks.data()[r] < 0 || ranks.data()[r] >= size)
            throw std::invalid_argument("ranks must lie between 0 and " + std::to_string(size - 1) + ", got " +
                                        std::to_string(ranks.data()[r]));
        task.ranks.push_back(static_cast<std::int32_t>(ranks.data()[r]));
    }
    if (lows.shape(0) != highs.shape(0)) throw std::invalid_argument("lows and highs must have one entry per range");
    for (std::size_t w = 0; w < lows.shape(0); ++w) {
        const std::int64_t low = lows.data()[w], high = highs.data()[w];
        if (low < -1 || high < 0 || low >= places || high >= places)
            throw std::invalid_argument("ranges must name places in ranks, got " + std::to_string(low) + " and " +
                                        std::to_string(high));
        task.ranges.push_back({static_cast<std::int32_t>(low), static_cast<std::int32_t>(high)});
    }
    return task;
}

std::vector<size_t> shape_of(std::int64_t planes, std::int64_t channels, const WindowGrid& grid) {
    return {static_cast<size_t>(planes), static_cast<size_t>(channels), static_cast<size_t>(grid.out[0]),
            static_cast<size_t>(grid.out[1]), static_cast<size_t>(grid.out[2])};
}

std::size_t volume(const std::vector<size_t>& shape) {
    std::size_t product = 1;
    for (const size_t side : shape) product *= side;
    return product;
}

template <class Real>
std::array<std::int64_t, 3> sides_of(const Input<Real, 4>& padded) {
    return {static_cast<std::int64_t>(padded.shape(1)), static_cast<std::int64_t>(padded.shape(2)),
            static_cast<std::int64_t>(padded.shape(3))};
}

template <class Real, class Index>
nb::tuple forward(Input<Real, 4> padded, Triple out, Triple strides, Integers offsets, Integers ranks, Integers lows,
                  Integers highs, bool absent, bool apart, int threads) {
    const auto planes = static_cast<std::int64_t>(padded.shape(0));
    Task task = task_of(sides_of(padded), out, strides, offsets, ranks, lows, highs);
    const auto shape = shape_of(planes, static_cast<std::int64_t>(task.ranges.size()), task.grid);
    const auto places = shape_of(planes, static_cast<std::int64_t>(task.ranks.size()), task.grid);
    topolens::RawArray<Real> values(volume(shape));
    topolens::RawArray<Index> entries(volume(places));
    {
        nb::gil_scoped_release release;
        const topolens::RankRanges<Real, Index> ranges(std::move(task.grid), std::move(task.ranks),
                                                       std::move(task.ranges), absent, apart);
        ranges.forward(padded.data(), planes, threads, values.data(), entries.data());
    }
    return nb::make_tuple(owned(std::move(values), shape), owned(std::move(entries), places));
}

template <class Real>
nb::tuple rank_ranges(Input<Real, 4> padded, Triple out, Triple strides, Integers offsets, Integers ranks,
                      Integers lows, Integers highs, bool absent, bool apart, int threads) {
    return offsets.shape(0) <= 256
               ? forward<Real, std::uint8_t>(padded, out, strides, offsets, ranks, lows, highs, absent, apart, threads)
               : forward<Real, std::uint16_t>(padded, out, strides, offsets, ranks, lows, highs, absent, apart, threads);
}

template <class Index>
void check_entries(const Input<Index, 5>& entries, std::int64_t planes, const Task& task) {
    const auto wanted = shape_of(planes, static_cast<std::int64_t>(task.ranks.size()), task.grid);
    for (size_t axis = 0; axis < 5; ++axis)
        if (entries.shape(axis) != wanted[axis]) throw std::invalid_argument("entries must be those of the forward call");
    const auto size = task.grid.offsets.size();
    for (size_t k = 0; k < volume(wanted); ++k)
        if (entries.data()[k] >= size) throw std::invalid_argument("entries must be places in the window");
}

// The planes' values, where a gradient is to be shared among equal ones.
template <class Real>
using Values = std::optional<Input<Real, 4>>;

template <class Real>
const Real* checked(const Values<Real>& values, std::int64_t planes, const WindowGrid& grid) {
    if (!values) return nullptr;
    if (static_cast<std::int64_t>(values->shape(0)) != planes || sides_of(*values) != grid.sides)
        throw std::invalid_argument("values must have the shape of the planes");
    return values->data();
}

template <class Real, class Index>
Owned<Real> scatter(Input<Real, 5> gradient, Input<Index, 5> entries, Triple sides, Values<Real> values, Triple strides,
                    Integers offsets, Integers ranks, Integers lows, Integers highs, int threads) {
    const auto planes = static_cast<std::int64_t>(gradient.shape(0));
    const Triple out{static_cast<std::int64_t>(entries.shape(2)), static_cast<std::int64_t>(entries.shape(3)),
                     static_cast<std::int64_t>(entries.shape(4))};
    Task task = task_of(array_of(sides), out, strides, offsets, ranks, lows, highs);
    check_entries(entries, planes, task);
    const auto wanted = shape_of(planes, static_cast<std::int64_t>(task.ranges.size()), task.grid);
    for (size_t axis = 0; axis < 5; ++axis)
        if (gradient.shape(axis) != wanted[axis]) throw std::invalid_argument("gradient must have the shape of the output");
    const Real* shared = checked(values, planes, task.grid);
    const std::vector<size_t> shape{gradient.shape(0), static_cast<size_t>(task.grid.sides[0]),
                                    static_cast<size_t>(task.grid.sides[1]), static_cast<size_t>(task.grid.sides[2])};
    auto grad = topolens::RawArray<Real>::zeros(volume(shape));
    {
        nb::gil_scoped_release release;
        const topolens::RankRanges<Real, Index> all(std::move(task.grid), std::move(task.ranks),
                                                    std::move(task.ranges), false);
        all.scatter(gradient.data(), entries.data(), shared, planes, threads, grad.data());
    }
    return owned(std::move(grad), shape);
}

template <class Real, class Index>
Owned<Real> gather(Input<Real, 4> field, Input<Index, 5> entries, Values<Real> values, Triple strides, Integers offsets,
                   Integers ranks, Integers lows, Integers highs, int threads) {
    const auto planes = static_cast<std::int64_t>(field.shape(0));
    const Triple out{static_cast<std::int64_t>(entries.shape(2)), static_cast<std::int64_t>(entries.shape(3)),
                     static_cast<std::int64_t>(entries.shape(4))};
    Task task = task_of(sides_of(field), out, strides, offsets, ranks, lows, highs);
    check_entries(entries, planes, task);
    const Real* shared = checked(values, planes, task.grid);
    const auto shape = shape_of(planes, static_cast<std::int64_t>(task.ranges.size()), task.grid);
    auto found = topolens::RawArray<Real>::zeros(volume(shape));
    {
        nb::gil_scoped_release release;
        const topolens::RankRanges<Real, Index> all(std::move(task.grid), std::move(task.ranks),
                                                    std::move(task.ranges), false);
        all.gather(field.data(), entries.data(), shared, planes, threads, found.data());
    }
    return owned(std::move(found), shape);
}

template <class Real, class Index>
void bind_adjoints(nb::module_& m) {
    m.def("rank_ranges_scatter", &scatter<Real, Index>, nb::arg("gradient").noconvert(),
          nb::arg("entries").noconvert(), nb::arg("sides"), nb::arg("values").noconvert().none(), nb::arg("strides"),
          nb::arg("offsets").noconvert(), nb::arg("ranks").noconvert(), nb::arg("lows").noconvert(),
          nb::arg("highs").noconvert(), nb::arg("threads") = 1);
    m.def("rank_ranges_gather", &gather<Real, Index>, nb::arg("field").noconvert(), nb::arg("entries").noconvert(),
          nb::arg("values").noconvert().none(), nb::arg("strides"), nb::arg("offsets").noconvert(),
          nb::arg("ranks").noconvert(), nb::arg("lows").noconvert(), nb::arg("highs").noconvert(),
          nb::arg("threads") = 1);
}

template <class Real>
void bind_all(nb::module_& m) {
    m.def("rank_ranges", &rank_ranges<Real>, nb::arg("padded").noconvert(), nb::arg("out"), nb::arg("strides"),
          nb::arg("offsets").noconvert(), nb::arg("ranks").noconvert(), nb::arg("lows").noconvert(),
          nb::arg("highs").noconvert(), nb::arg("absent") = false,
          nb::arg("apart") = false, nb::arg("threads") = 1);
    bind_adjoints<Real, std::uint8_t>(m);
    bind_adjoints<Real, std::uint16_t>(m);
}

}  // namespace

void bind_rank_ranges(nb::module_& m) {
    bind_all<float>(m);
    bind_all<double>(m);
}
