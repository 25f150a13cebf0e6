// Binary images and volumes in batches: regions that are wrong, simple points, and deformation by flips of these.
#include "bindings.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <stdexcept>

#include "topolens/homotopy_warp.hpp"
#include "topolens/region_graph.hpp"
#include "topolens/simple_points.hpp"
#include "topolens/threads.hpp"

namespace {

using Masks = Input<std::uint8_t, 4>;  // (batch, depth, height, width); of images the depth is 1
using Sides = std::array<std::int64_t, 3>;

Sides sides_of(const Masks& masks) {
    Sides sides{};
    std::int64_t framed = 1;
    for (size_t axis = 0; axis < 3; ++axis) {
        sides[axis] = static_cast<std::int64_t>(masks.shape(axis + 1));
        if (sides[axis] + 2 > std::numeric_limits<std::int32_t>::max() / framed)
            throw std::invalid_argument("a mask with a frame around it must have fewer than 2^31 - 1 points");
        framed *= sides[axis] + 2;
    }
    return sides;
}

void check_alike(const Masks& one, const Masks& other) {
    for (size_t axis = 0; axis < 4; ++axis)
        if (one.shape(axis) != other.shape(axis)) throw std::invalid_argument("masks must have one shape");
}

std::vector<size_t> shape_of(const Masks& masks) {
    return {masks.shape(0), masks.shape(1), masks.shape(2), masks.shape(3)};
}

// Calls work(engine, item) for all items, with one engine per thread.
template <class Engine, class Work>
void for_all(std::int64_t count, std::int64_t size, int threads, const auto& engine, Work&& work) {
    // Starting a thread costs as much as some 10,000 points.
    const auto useful = static_cast<int>(std::min<std::int64_t>(threads, 1 + count * size / 32768));
    topolens::parallel_chunks(count, useful, [&](std::int64_t begin, std::int64_t end) {
        Engine own = engine();
        for (std::int64_t b = begin; b < end; ++b) work(own, b);
    });
}

std::tuple<Owned<std::int32_t>, Owned<std::int64_t>> wrong_regions(Masks prediction, Masks target, bool wide,
                                                                   int threads) {
    check_alike(prediction, target);
    const Sides sides = sides_of(prediction);
    if (sides[0] != 1) throw std::invalid_argument("regions are those of images; the depth must be 1");
    const auto count = static_cast<std::int64_t>(prediction.shape(0));
    const std::int64_t size = sides[1] * sides[2];
    topolens::RawArray<std::int32_t> numbers(static_cast<size_t>(count * size));
    std::vector<std::int64_t> critical(static_cast<size_t>(count));
    {
        nb::gil_scoped_release release;
        const auto engine = [&] { return topolens::RegionGraph(sides[1], sides[2], wide); };
        for_all<topolens::RegionGraph>(count, size, threads, engine, [&](auto& graph, std::int64_t b) {
            critical[static_cast<size_t>(b)] =
                graph.compute(prediction.data() + b * size, target.data() + b * size, numbers.data() + b * size);
        });
    }
    return {owned(std::move(numbers), shape_of(prediction)), owned(std::move(critical), {prediction.shape(0)})};
}

template <int Rank>
void find_simple(const Masks& masks, const Sides& sides, bool wide, int threads, std::uint8_t* found) {
    struct Engine {
        topolens::SimplePoints<Rank> points;
        topolens::FramedMask<Rank> mask;
    };
    const std::int64_t size = sides[0] * sides[1] * sides[2];
    const auto engine = [&] { return Engine{topolens::SimplePoints<Rank>(wide), topolens::FramedMask<Rank>(sides)}; };
    for_all<Engine>(static_cast<std::int64_t>(masks.shape(0)), size, threads, engine, [&](Engine& own, std::int64_t b) {
        const std::uint8_t* given = masks.data() + b * size;
        own.mask.for_points([&](auto i, std::int64_t k) { own.mask[i] = given[k] != 0; });
        own.mask.for_points([&](auto i, std::int64_t k) { found[b * size + k] = own.points.simple(own.mask.around(i)); });
    });
}

template <int Rank>
void warp(const Masks& from, const Masks& to, const Sides& sides, bool wide, int threads, std::uint8_t* warped) {
    using Engine = topolens::HomotopyWarp<Rank>;
    const std::int64_t size = sides[0] * sides[1] * sides[2];
    const auto engine = [&] { return Engine(sides, wide); };
    for_all<Engine>(static_cast<std::int64_t>(from.shape(0)), size, threads, engine, [&](Engine& own, std::int64_t b) {
        own.compute(from.data() + b * size, to.data() + b * size, warped + b * size);
    });
}

size_t volume(const Masks& masks) { return masks.shape(0) * masks.shape(1) * masks.shape(2) * masks.shape(3); }

Owned<std::uint8_t> simple_points(Masks masks, bool wide, int threads) {
    const Sides sides = sides_of(masks);
    topolens::RawArray<std::uint8_t> found(volume(masks));
    {
        nb::gil_scoped_release release;
        if (sides[0] == 1) find_simple<2>(masks, sides, wide, threads, found.data());
        else find_simple<3>(masks, sides, wide, threads, found.data());
    }
    return owned(std::move(found), shape_of(masks));
}

Owned<std::uint8_t> homotopy_warp(Masks from, Masks to, bool wide, int threads) {
    check_alike(from, to);
    const Sides sides = sides_of(from);
    topolens::RawArray<std::uint8_t> warped(volume(from));
    {
        nb::gil_scoped_release release;
        if (sides[0] == 1) warp<2>(from, to, sides, wide, threads, warped.data());
        else warp<3>(from, to, sides, wide, threads, warped.data());
    }
    return owned(std::move(warped), shape_of(from));
}

}  // namespace

void bind_masks(nb::module_& m) {
    m.def("wrong_regions", &wrong_regions, nb::arg("prediction").noconvert(), nb::arg("target").noconvert(),
          nb::arg("wide"), nb::arg("threads") = 1,
          "Regions where images (B, 1, H, W) differ: (numbers (B, 1, H, W), critical (B,)). Number k > 0 is the k-th "
          "critical region of its item, k < 0 a regular one, 0 no region.");
    m.def("simple_points", &simple_points, nb::arg("masks").noconvert(), nb::arg("wide"), nb::arg("threads") = 1,
          "Where masks (B, D, H, W) can be flipped without a change of topology.");
    m.def("homotopy_warp", &homotopy_warp, nb::arg("from_").noconvert(), nb::arg("to").noconvert(), nb::arg("wide"),
          nb::arg("threads") = 1, "Masks (B, D, H, W) deformed towards others by flips of simple points.");
}
