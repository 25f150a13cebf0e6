// Image persistence of batches of pairs of images, and the matching of bars that it induces.
#include "bindings.hpp"

#include <algorithm>
#include <limits>
#include <stdexcept>
#include <string>

#include "packed_matches.hpp"
#include "topolens/bar_matching.hpp"
#include "topolens/image_pairs.hpp"
#include "topolens/threads.hpp"

namespace {

using topolens::Construction;
using topolens::Pairs;

template <class Real>
using Images = Input<Real, 3>;

template <class Real>
void check_images(Images<Real> inner, Images<Real> outer, const std::string& construction) {
    for (size_t axis = 0; axis < 3; ++axis)
        if (inner.shape(axis) != outer.shape(axis)) throw std::invalid_argument("images must have one shape");
    if (construction != "V" && construction != "T")
        throw std::invalid_argument("construction must be 'V' or 'T', got '" + construction + "'");
    const auto height = static_cast<std::int64_t>(inner.shape(1)), width = static_cast<std::int64_t>(inner.shape(2));
    if (width > 0 && height >= std::numeric_limits<std::int32_t>::max() / width)
        throw std::invalid_argument("an image must have fewer than 2^31 - 1 pixels, got " + std::to_string(height) +
                                    " x " + std::to_string(width));
}

// Calls work(engine, item) for all items, with one engine per thread.
template <class Engine, class Work>
void for_all(std::int64_t count, std::int64_t height, std::int64_t width, int threads, Work&& work) {
    // Starting a thread costs as much as some 10,000 pixels.
    const auto useful = static_cast<int>(std::min<std::int64_t>(threads, 1 + count * height * width / 32768));
    topolens::parallel_chunks(count, useful, [&](std::int64_t begin, std::int64_t end) {
        Engine engine(height, width);
        for (std::int64_t b = begin; b < end; ++b) work(engine, b);
    });
}

template <class Real, Construction kind>
std::vector<Pairs> pairs_of(Images<Real> inner, Images<Real> outer, int max_dim, int threads) {
    const auto count = static_cast<std::int64_t>(inner.shape(0));
    const auto height = static_cast<std::int64_t>(inner.shape(1)), width = static_cast<std::int64_t>(inner.shape(2));
    const std::int64_t size = height * width;
    std::vector<Pairs> pairs(static_cast<size_t>(count));
    for_all<topolens::ImagePairs<Real, kind>>(count, height, width, threads, [&](auto& engine, std::int64_t b) {
        engine.compute(inner.data() + b * size, outer.data() + b * size, max_dim, pairs[static_cast<size_t>(b)]);
    });
    return pairs;
}

template <class Real>
nb::tuple image_pairs(Images<Real> inner, Images<Real> outer, const std::string& construction, int max_dim,
                      int threads) {
    check_images(inner, outer, construction);
    if (max_dim < 0) throw std::invalid_argument("max_dim must not be negative, got " + std::to_string(max_dim));
    std::vector<Pairs> pairs;
    {
        nb::gil_scoped_release release;
        pairs = construction == "V" ? pairs_of<Real, Construction::vertices>(inner, outer, max_dim, threads)
                                    : pairs_of<Real, Construction::top_cells>(inner, outer, max_dim, threads);
    }
    return packed(pairs);
}

using Matches = std::vector<topolens::BarMatch>;

template <class Real, Construction kind>
std::vector<Matches> matches_of(Images<Real> f, Images<Real> g, Images<Real> h, int max_dim, int threads) {
    const auto count = static_cast<std::int64_t>(f.shape(0));
    const auto height = static_cast<std::int64_t>(f.shape(1)), width = static_cast<std::int64_t>(f.shape(2));
    const std::int64_t size = height * width;
    std::vector<Matches> matches(static_cast<size_t>(count));
    for_all<topolens::BarMatching<Real, kind>>(count, height, width, threads, [&](auto& engine, std::int64_t b) {
        engine.compute(f.data() + b * size, g.data() + b * size, h.data() + b * size, max_dim,
                       matches[static_cast<size_t>(b)]);
    });
    return matches;
}

template <class Real>
nb::tuple matched_bars(Images<Real> f, Images<Real> g, Images<Real> h, const std::string& construction, int max_dim,
                       int threads) {
    check_images(f, g, construction);
    check_images(f, h, construction);
    if (max_dim < 0) throw std::invalid_argument("max_dim must not be negative, got " + std::to_string(max_dim));
    std::vector<Matches> matches;
    {
        nb::gil_scoped_release release;
        matches = construction == "V" ? matches_of<Real, Construction::vertices>(f, g, h, max_dim, threads)
                                      : matches_of<Real, Construction::top_cells>(f, g, h, max_dim, threads);
    }
    return packed_matches(matches);
}

template <class Real>
void bind_all(nb::module_& m) {
    m.def("image_pairs", &image_pairs<Real>, nb::arg("inner").noconvert(), nb::arg("outer").noconvert(),
          nb::arg("construction"), nb::arg("max_dim"), nb::arg("threads") = 1);
    m.def("matched_bars", &matched_bars<Real>, nb::arg("f").noconvert(), nb::arg("g").noconvert(),
          nb::arg("h").noconvert(), nb::arg("construction"), nb::arg("max_dim"), nb::arg("threads") = 1);
}

}  // namespace

void bind_image_pairs(nb::module_& m) {
    bind_all<float>(m);
    bind_all<double>(m);
}
