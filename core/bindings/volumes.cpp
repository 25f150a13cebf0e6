// Persistence pairs of batches of signals and volumes.
#include "bindings.hpp"

#include <algorithm>
#include <limits>
#include <stdexcept>
#include <string>

#include "topolens/cubical_signal.hpp"
#include "topolens/cubical_volume.hpp"
#include "topolens/threads.hpp"

namespace {

using topolens::Construction;
using topolens::Pairs;

// Starting a thread costs as much as some thousand voxels.
int useful_threads(int threads, std::int64_t voxels, std::int64_t voxels_per_thread) {
    return static_cast<int>(std::min<std::int64_t>(threads, 1 + voxels / voxels_per_thread));
}

template <class Real>
nb::tuple signal_pairs(Input<Real, 2> signals, int threads) {
    const auto count = static_cast<std::int64_t>(signals.shape(0));
    const auto length = static_cast<std::int64_t>(signals.shape(1));
    std::vector<Pairs> pairs(signals.shape(0));
    {
        nb::gil_scoped_release release;
        const int useful = useful_threads(threads, count * length, 32768);
        topolens::parallel_chunks(count, useful, [&](std::int64_t begin, std::int64_t end) {
            topolens::SignalPairs<Real> engine;
            for (std::int64_t b = begin; b < end; ++b)
                engine.compute(signals.data() + b * length, length, pairs[static_cast<size_t>(b)]);
        });
    }
    return packed(pairs);
}

void check_shape(std::int64_t depth, std::int64_t height, std::int64_t width) {
    constexpr std::int64_t limit = std::numeric_limits<std::int32_t>::max();
    if (depth == 0 || height == 0 || width == 0) return;
    if (std::max({depth, height, width}) > limit - 2 || (depth + 2) * (height + 2) > limit / (width + 2))
        throw std::overflow_error("a volume must have fewer than 2^31 voxels with a frame one voxel wide, got " +
                                  std::to_string(depth) + " x " + std::to_string(height) + " x " +
                                  std::to_string(width));
}

template <class Real, Construction kind>
std::vector<Pairs> pairs_of(Input<Real, 4> volumes, int max_dim, int threads) {
    const auto side = [&](size_t axis) { return static_cast<std::int64_t>(volumes.shape(axis)); };
    const std::int64_t count = side(0), depth = side(1), height = side(2), width = side(3);
    const std::int64_t size = depth * height * width;
    std::vector<Pairs> pairs(volumes.shape(0));
    const int outer = useful_threads(static_cast<int>(std::min<std::int64_t>(threads, count)), count * size, 4096);
    const int inner = useful_threads(threads / std::max(outer, 1), size, 65536);
    topolens::parallel_chunks(count, outer, [&](std::int64_t begin, std::int64_t end) {
        topolens::VolumePairs<Real, kind> engine(depth, height, width, inner);
        for (std::int64_t b = begin; b < end; ++b)
            engine.compute(volumes.data() + b * size, max_dim, pairs[static_cast<size_t>(b)]);
    });
    return pairs;
}

template <class Real>
nb::tuple volume_pairs(Input<Real, 4> volumes, const std::string& construction, int max_dim, int threads) {
    if (construction != "V" && construction != "T")
        throw std::invalid_argument("construction must be 'V' or 'T', got '" + construction + "'");
    if (max_dim < 0) throw std::invalid_argument("max_dim must not be negative, got " + std::to_string(max_dim));
    std::vector<Pairs> pairs;
    {
        nb::gil_scoped_release release;
        check_shape(static_cast<std::int64_t>(volumes.shape(1)), static_cast<std::int64_t>(volumes.shape(2)),
                    static_cast<std::int64_t>(volumes.shape(3)));
        pairs = construction == "V" ? pairs_of<Real, Construction::vertices>(volumes, max_dim, threads)
                                    : pairs_of<Real, Construction::top_cells>(volumes, max_dim, threads);
    }
    return packed(pairs);
}

template <class Real>
void bind_all(nb::module_& m) {
    m.def("signal_pairs", &signal_pairs<Real>, nb::arg("signals").noconvert(), nb::arg("threads") = 1);
    m.def("volume_pairs", &volume_pairs<Real>, nb::arg("volumes").noconvert(), nb::arg("construction"),
          nb::arg("max_dim"), nb::arg("threads") = 1);
}

}  // namespace

void bind_volumes(nb::module_& m) {
    bind_all<float>(m);
    bind_all<double>(m);
}
