// Persistence pairs of batches of images.
#include "bindings.hpp"

#include <algorithm>
#include <deque>
#include <limits>
#include <stdexcept>
#include <string>

#include "topolens/bar_columns.hpp"
#include "topolens/cubical.hpp"
#include "topolens/threads.hpp"

namespace {

using topolens::BarColumns;
using topolens::Construction;

struct Shape {
    std::int64_t count, height, width;
};

template <class Pixel, Construction kind>
BarColumns bars_of(const Pixel* images, const Shape& shape, bool superlevel, int max_dim, int threads) {
    const std::int64_t size = shape.height * shape.width;
    // Starting a thread costs as much as some 10,000 pixels.
    const auto useful = std::min<std::int64_t>({threads, 1 + shape.count * size / 32768, shape.count});
    const std::int64_t count = std::max<std::int64_t>(useful, 1);
    const auto inner = static_cast<int>(std::max<std::int64_t>(threads / count, 1));
    std::vector<BarColumns> parts(static_cast<size_t>(count));
    // Engines are made here: what a thread allocates comes in fresh pages and goes with the thread.
    std::deque<topolens::CubicalPairs<Pixel, kind>> engines;
    for (std::int64_t part = 0; part < count; ++part) engines.emplace_back(shape.height, shape.width, inner);
    topolens::parallel_chunks(count, static_cast<int>(count), [&](std::int64_t part, std::int64_t) {
        auto& engine = engines[static_cast<size_t>(part)];
        BarColumns& bars = parts[static_cast<size_t>(part)];
        const std::int64_t begin = shape.count * part / count, end = shape.count * (part + 1) / count;
        for (std::int64_t b = begin; b < end; ++b) {
            engine.compute(images + b * size, superlevel, max_dim, b, bars);
            // The others will be like the first.
            if (b == begin) bars.reserve(bars.count * static_cast<size_t>(end - begin - 1) * 17 / 16);
        }
    });
    for (size_t k = 1; k < parts.size(); ++k) parts[0].append(parts[k]);
    return std::move(parts[0]);
}

template <class Pixel>
nb::tuple cubical_pairs(Input<Pixel, 3> images, const std::string& construction, bool superlevel, int max_dim,
                        int threads) {
    const Shape shape{static_cast<std::int64_t>(images.shape(0)), static_cast<std::int64_t>(images.shape(1)),
                      static_cast<std::int64_t>(images.shape(2))};
    if (construction != "V" && construction != "T")
        throw std::invalid_argument("construction must be 'V' or 'T', got '" + construction + "'");
    if (max_dim < 0) throw std::invalid_argument("max_dim must not be negative, got " + std::to_string(max_dim));
    if (shape.width > 0 && shape.height >= std::numeric_limits<std::int32_t>::max() / shape.width)
        throw std::invalid_argument("an image must have fewer than 2^31 - 1 pixels, got " +
                                    std::to_string(shape.height) + " x " + std::to_string(shape.width));
    BarColumns bars;
    {
        nb::gil_scoped_release release;
        bars = construction == "V"
                   ? bars_of<Pixel, Construction::vertices>(images.data(), shape, superlevel, max_dim, threads)
                   : bars_of<Pixel, Construction::top_cells>(images.data(), shape, superlevel, max_dim, threads);
    }
    const size_t count = bars.count;
    return nb::make_tuple(owned(std::move(bars.dim), {count}), owned(std::move(bars.batch), {count}),
                          owned(std::move(bars.cells), {count, 2}));
}

template <class Pixel>
void bind_all(nb::module_& m) {
    m.def("cubical_pairs", &cubical_pairs<Pixel>, nb::arg("images").noconvert(), nb::arg("construction"),
          nb::arg("superlevel"), nb::arg("max_dim"), nb::arg("threads") = 1);
}

}  // namespace

void bind_cubical(nb::module_& m) {
    bind_all<float>(m);
    bind_all<double>(m);
    bind_all<std::uint8_t>(m);
    bind_all<std::int16_t>(m);
    bind_all<std::uint16_t>(m);
}
