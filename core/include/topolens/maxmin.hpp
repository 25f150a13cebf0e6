// Farthest-point (maxmin) sampling: each new landmark is the point farthest from those already chosen.
#pragma once

#include <barrier>
#include <cstdint>
#include <limits>
#include <vector>

#include "neighbours.hpp"
#include "simd.hpp"
#include "threads.hpp"

namespace topolens {

// Lowers remaining[c] to fresh[c] where that is nearer, and returns the largest remaining square.
template <class Real>
TOPOLENS_VECTORISED Real lower_and_max(const Real* fresh, std::int64_t count, Real* __restrict remaining) {
    constexpr int lanes = 16;
    Real best[lanes] = {};
    std::int64_t c = 0;
    for (; c + lanes <= count; c += lanes)
        for (int j = 0; j < lanes; ++j) {
            const Real least = fresh[c + j] < remaining[c + j] ? fresh[c + j] : remaining[c + j];
            remaining[c + j] = least;
            best[j] = best[j] < least ? least : best[j];
        }
    for (; c < count; ++c) {
        remaining[c] = fresh[c] < remaining[c] ? fresh[c] : remaining[c];
        best[0] = best[0] < remaining[c] ? remaining[c] : best[0];
    }
    Real top = 0;
    for (Real value : best) top = top < value ? value : top;
    return top;
}

inline constexpr std::int64_t maxmin_tile = 1024;

struct Farthest {
    double square = 0;
    std::int64_t index = -1;
};

// One thread's share [begin, end) of the points: distances to the newest landmark, then the farthest point.
template <class Real>
Farthest update_range(const AxisMajor<Real>& cloud, const Real* newest, std::int64_t begin, std::int64_t end,
                      Real* fresh, Real* remaining) {
    Farthest far;
    for (std::int64_t t = begin; t < end; t += maxmin_tile) {
        const std::int64_t count = std::min(maxmin_tile, end - t);
        squared_distances(cloud.coordinates.data() + t, cloud.count, count, cloud.axes, newest, fresh);
        const Real top = lower_and_max(fresh, count, remaining + t);
        if (!(static_cast<double>(top) > far.square)) continue;
        std::int64_t c = t;
        while (remaining[c] != top) ++c;
        far = {static_cast<double>(top), c};
    }
    return far;
}

// Indices of the landmarks in order of choice, beginning with `start`; the lowest index wins a tie.
// Fewer than `count` come back when every other point coincides with a landmark.
template <class Real>
std::vector<std::int64_t> maxmin(const Real* points, std::int64_t n, std::int64_t d, std::int64_t count,
                                 std::int64_t start, int threads) {
    const AxisMajor<Real> cloud(points, n, d);
    std::vector<Real> remaining(static_cast<std::size_t>(n), std::numeric_limits<Real>::infinity());
    std::vector<std::int64_t> chosen;
    if (count == 0 || n == 0) return chosen;
    chosen.reserve(static_cast<std::size_t>(std::min(count, n)));
    const auto choose = [&](std::int64_t index) {
        chosen.push_back(index);
        remaining[static_cast<std::size_t>(index)] = 0;  // never again, even if its coordinates are not numbers
    };
    choose(start);
    // A round shorter than about 0.1 ms costs less than waking a second thread.
    const std::int64_t crew = std::clamp<std::int64_t>(n * d / (1 << 19), 1, std::max(threads, 1));
    std::vector<Farthest> found(static_cast<std::size_t>(crew));
    std::vector<Real> fresh(static_cast<std::size_t>(crew * maxmin_tile));
    bool done = count == 1;
    std::barrier round(crew, [&]() noexcept {
        Farthest far;
        for (const Farthest& f : found)
            if (f.square > far.square) far = f;
        if (far.index >= 0) choose(far.index);
        done = far.index < 0 || static_cast<std::int64_t>(chosen.size()) == count;
    });
    parallel_chunks(crew, static_cast<int>(crew), [&](std::int64_t part, std::int64_t) {
        while (!done) {
            found[static_cast<std::size_t>(part)] =
                update_range(cloud, points + chosen.back() * d, n * part / crew, n * (part + 1) / crew,
                             fresh.data() + part * maxmin_tile, remaining.data());
            round.arrive_and_wait();
        }
    });
    return chosen;
}

}  // namespace topolens
