// Persistence pairs of batches of images.
#include "bindings.hpp"

#include <algorithm>
#include <limits>
#include <stdexcept>
#include <string>

#include "topolens/cubical.hpp"
#include "topolens/threads.hpp"

namespace {

using topolens::Construction;
using topolens::Pairs;

template <class Real, Construction kind>
std::vector<Pairs> pairs_of(const Real* images, std::int64_t count, std::int64_t height, std::int64_t width,
                            int max_dim, int threads) {
    std::vector<Pairs> pairs(static_cast<size_t>(count));
    // Starting a thread costs as much as some 10,000 pixels.
    const auto useful = static_cast<int>(std::min<std::int64_t>(threads, 1 + count * height * width / 32768));
    topolens::parallel_chunks(count, useful, [&](std::int64_t begin, std::int64_t end) {
        topolens::CubicalPairs<Real, kind> engine(height, width);
        for (std::int64_t b = begin; b < end; ++b)
            engine.compute(images + b * height * width, max_dim, pairs[static_cast<size_t>(b)]);
    });
    return pairs;
}

template <class Real>
nb::tuple cubical_pairs(Input<Real, 3> images, const std::string& construction, int max_dim, int threads) {
    const auto count = static_cast<std::int64_t>(images.shape(0));
    const auto height = static_cast<std::int64_t>(images.shape(1)), width = static_cast<std::int64_t>(images.shape(2));
    if (construction != "V" && construction != "T")
        throw std::invalid_argument("construction must be 'V' or 'T', got '" + construction + "'");
    if (max_dim < 0) throw std::invalid_argument("max_dim must not be negative, got " + std::to_string(max_dim));
    if (width > 0 && height >= std::numeric_limits<std::int32_t>::max() / width)
        throw std::invalid_argument("an image must have fewer than 2^31 - 1 pixels, got " + std::to_string(height) +
                                    " x " + std::to_string(width));
    std::vector<Pairs> pairs;
    {
        nb::gil_scoped_release release;
        pairs = construction == "V"
                    ? pairs_of<Real, Construction::vertices>(images.data(), count, height, width, max_dim, threads)
                    : pairs_of<Real, Construction::top_cells>(images.data(), count, height, width, max_dim, threads);
    }
    return packed(pairs);
}

template <class Real>
void bind_all(nb::module_& m) {
    m.def("cubical_pairs", &cubical_pairs<Real>, nb::arg("images").noconvert(), nb::arg("construction"),
          nb::arg("max_dim"), nb::arg("threads") = 1);
}

}  // namespace

void bind_cubical(nb::module_& m) {
    bind_all<float>(m);
    bind_all<double>(m);
}
