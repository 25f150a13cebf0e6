// Image persistence of batches of pairs of volumes, and the matching of bars that it induces.
#include "bindings.hpp"

#include <algorithm>
#include <limits>
#include <stdexcept>
#include <string>

#include "packed_matches.hpp"
#include "topolens/threads.hpp"
#include "topolens/volume_image_pairs.hpp"
#include "topolens/volume_matching.hpp"

namespace {

using topolens::Construction;
using topolens::Pairs;

template <class Real>
using Volumes = Input<Real, 4>;

struct Box {
    std::int64_t count, depth, height, width;
    std::int64_t size() const { return depth * height * width; }
};

template <class Real>
Box checked_box(Volumes<Real> one, Volumes<Real> other) {
    constexpr std::int64_t limit = std::numeric_limits<std::int32_t>::max() / 3;
    const auto side = [&](size_t axis) { return static_cast<std::int64_t>(one.shape(axis)); };
    const Box box{side(0), side(1), side(2), side(3)};
    for (size_t axis = 0; axis < 4; ++axis)
        if (one.shape(axis) != other.shape(axis)) throw std::invalid_argument("volumes must have one shape");
    if (box.size() == 0) return box;
    if (std::max({box.depth, box.height, box.width}) >= limit ||
        (box.depth + 1) * (box.height + 1) > limit / (box.width + 1))
        throw std::overflow_error("a volume with one more voxel along each axis must have fewer than 2^31 / 3, got " +
                                  std::to_string(box.depth) + " x " + std::to_string(box.height) + " x " +
                                  std::to_string(box.width));
    return box;
}

Construction checked(const std::string& construction, int max_dim) {
    if (construction != "V" && construction != "T")
        throw std::invalid_argument("construction must be 'V' or 'T', got '" + construction + "'");
    if (max_dim < 0) throw std::invalid_argument("max_dim must not be negative, got " + std::to_string(max_dim));
    return construction == "V" ? Construction::vertices : Construction::top_cells;
}

// Calls work(engine, item) for all items, with one engine per thread.
template <class Engine, class Work>
void for_all(const Box& box, Construction kind, int threads, Work&& work) {
    // Starting a thread costs as much as some hundred voxels.
    const auto useful = static_cast<int>(std::min<std::int64_t>(threads, 1 + box.count * box.size() / 1024));
    topolens::parallel_chunks(box.count, useful, [&](std::int64_t begin, std::int64_t end) {
        Engine engine(box.depth, box.height, box.width, kind);
        for (std::int64_t b = begin; b < end; ++b) work(engine, b);
    });
}

template <class Real>
nb::tuple volume_image_pairs(Volumes<Real> inner, Volumes<Real> outer, const std::string& construction, int max_dim,
                             int threads) {
    const Construction kind = checked(construction, max_dim);
    const Box box = checked_box(inner, outer);
    std::vector<Pairs> pairs(inner.shape(0));
    {
        nb::gil_scoped_release release;
        for_all<topolens::VolumeImagePairs<Real>>(box, kind, threads, [&](auto& engine, std::int64_t b) {
            engine.compute(inner.data() + b * box.size(), outer.data() + b * box.size(), max_dim,
                           pairs[static_cast<size_t>(b)]);
        });
    }
    return packed(pairs);
}

template <class Real>
nb::tuple matched_volume_bars(Volumes<Real> f, Volumes<Real> g, Volumes<Real> h, const std::string& construction,
                              int max_dim, int threads, bool valid) {
    const Construction kind = checked(construction, max_dim);
    const Box box = checked_box(f, g);
    checked_box(f, h);
    std::vector<std::vector<topolens::BarMatch>> matches(f.shape(0));
    {
        nb::gil_scoped_release release;
        for_all<topolens::VolumeMatching<Real>>(box, kind, threads, [&](auto& engine, std::int64_t b) {
            const std::int64_t start = b * box.size();
            engine.compute(f.data() + start, g.data() + start, h.data() + start, max_dim,
                           matches[static_cast<size_t>(b)], valid);
        });
    }
    return packed_matches(matches);
}

template <class Real>
void bind_all(nb::module_& m) {
    m.def("volume_image_pairs", &volume_image_pairs<Real>, nb::arg("inner").noconvert(), nb::arg("outer").noconvert(),
          nb::arg("construction"), nb::arg("max_dim"), nb::arg("threads") = 1);
    m.def("matched_volume_bars", &matched_volume_bars<Real>, nb::arg("f").noconvert(), nb::arg("g").noconvert(),
          nb::arg("h").noconvert(), nb::arg("construction"), nb::arg("max_dim"), nb::arg("threads") = 1,
          nb::arg("valid") = true);
}

}  // namespace

void bind_volume_image_pairs(nb::module_& m) {
    bind_all<float>(m);
    bind_all<double>(m);
}
