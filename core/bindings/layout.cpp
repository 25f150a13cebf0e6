// Drawings of graphs: force-directed refinement of given positions.
#include "bindings.hpp"

#include <cmath>
#include <limits>
#include <stdexcept>
#include <string>

#include "topolens/force_layout.hpp"

namespace {

using Integers = Input<std::int64_t, 1>;
using Numbers = Input<double, 1>;

void check_pulls(Integers offsets, Integers targets, Numbers weights, std::int64_t points) {
    const auto count = static_cast<std::int64_t>(targets.shape(0));
    if (points >= std::numeric_limits<std::int32_t>::max())
        throw std::invalid_argument("a drawing must have fewer than 2^31 - 1 points");
    if (static_cast<std::int64_t>(offsets.shape(0)) != points + 1 || offsets.data()[0] != 0 ||
        offsets.data()[points] != count)
        throw std::invalid_argument("offsets must have one entry per point and one more, from 0 to the number of "
                                    "targets, " + std::to_string(count));
    for (std::int64_t v = 0; v < points; ++v)
        if (offsets.data()[v] > offsets.data()[v + 1])
            throw std::invalid_argument("offsets must not decrease, but entry " + std::to_string(v + 1) + " does");
    if (static_cast<std::int64_t>(weights.shape(0)) != count)
        throw std::invalid_argument("weights must have one entry per target, " + std::to_string(count) + ", got " +
                                    std::to_string(weights.shape(0)));
    for (std::int64_t e = 0; e < count; ++e) {
        if (targets.data()[e] < 0 || targets.data()[e] >= points)
            throw std::invalid_argument("targets must be points 0 to " + std::to_string(points - 1) + ", got " +
                                        std::to_string(targets.data()[e]));
        if (!(weights.data()[e] >= 0 && std::isfinite(weights.data()[e])))
            throw std::invalid_argument("weights must be finite and not negative");
    }
}

Owned<double> refined_layout(Input<double, 2> positions, Integers offsets, Integers targets, Numbers weights,
                             double length, std::int64_t rounds, double farthest, bool only_y, int threads) {
    const auto points = static_cast<std::int64_t>(positions.shape(0));
    if (positions.shape(1) != 2) throw std::invalid_argument("positions must have shape (points, 2)");
    check_pulls(offsets, targets, weights, points);
    if (!(length > 0 && farthest >= 0 && std::isfinite(length) && std::isfinite(farthest)) || rounds < 0 || rounds > 100'000)
        throw std::invalid_argument("length must be above 0, farthest at least 0, rounds between 0 and 100,000, got " +
                                    std::to_string(rounds) + " rounds");
    std::vector<topolens::Spot> spots(static_cast<size_t>(points));
    for (size_t v = 0; v < spots.size(); ++v) {
        spots[v] = {positions.data()[2 * v], positions.data()[2 * v + 1]};
        if (!std::isfinite(spots[v].x) || !std::isfinite(spots[v].y))
            throw std::invalid_argument("positions must be finite");
    }
    std::vector<double> flat;
    {
        nb::gil_scoped_release release;
        topolens::refine_layout(spots, {points, offsets.data(), targets.data(), weights.data()},
                                {.length = length, .rounds = rounds, .farthest = farthest, .only_y = only_y}, threads);
        flat.reserve(2 * spots.size());
        for (const auto& spot : spots) {
            flat.push_back(spot.x);
            flat.push_back(spot.y);
        }
    }
    return owned(std::move(flat), {static_cast<size_t>(points), size_t{2}});
}

}  // namespace

void bind_layout(nb::module_& m) {
    m.def("refined_layout", &refined_layout, nb::arg("positions").noconvert(), nb::arg("offsets").noconvert(),
          nb::arg("targets").noconvert(), nb::arg("weights").noconvert(), nb::arg("length"), nb::arg("rounds"),
          nb::arg("farthest"), nb::arg("only_y") = false, nb::arg("threads") = 1);
}
