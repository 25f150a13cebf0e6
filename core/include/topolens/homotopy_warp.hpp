// A mask deformed towards another by flips of simple points, nearest to its boundary first.
//
// Points are added before points are taken away, and both in turn until none can be flipped. A point that is refused is
// asked again when a neighbour has changed. Outside all is background.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <utility>
#include <vector>

#include "topolens/simple_points.hpp"

namespace topolens {

// Squared distances to the nearest point of the other side, where they are asked for.
class SquaredDistances {
public:
    explicit SquaredDistances(const std::array<std::int64_t, 3>& sides) : sides_(sides) {
        rows_.resize(static_cast<std::size_t>(sides[0] * sides[1] * sides[2]));
    }

    // Prepares the distance to points where (mask != 0) == goal; `outside` are goals, too.
    void prepare(const std::uint8_t* mask, bool goal, bool outside) {
        outside_ = outside;
        const std::int64_t width = sides_[2];
        for (std::int64_t row = 0; row < sides_[0] * sides_[1]; ++row) {
            std::int64_t* found = rows_.data() + row * width;
            std::int64_t away = outside ? 0 : far;
            for (std::int64_t x = 0; x < width; ++x) {
                away = (mask[row * width + x] != 0) == goal ? 0 : away + 1;
                found[x] = away;
            }
            away = outside ? 0 : far;
            for (std::int64_t x = width; x-- > 0;) {
                away = found[x] == 0 ? 0 : away + 1;
                found[x] = std::min(found[x], away);
                found[x] = found[x] >= far ? never : found[x] * found[x];
            }
        }
        if (sides_[0] == 1) return;
        planes_.resize(rows_.size());
        const std::int64_t plane = sides_[1] * width;
        for (std::int64_t i = 0; i < sides_[0] * plane; ++i)
            planes_[static_cast<std::size_t>(i)] = along(rows_, i, i / width % sides_[1], sides_[1], width);
    }

    std::int64_t at(std::int64_t i) const {
        if (sides_[0] == 1) return along(rows_, i, i / sides_[2], sides_[1], sides_[2]);
        const std::int64_t plane = sides_[1] * sides_[2];
        return along(planes_, i, i / plane, sides_[0], plane);
    }

private:
    static constexpr std::int64_t far = std::int64_t{1} << 31, never = std::numeric_limits<std::int64_t>::max() / 4;

    // Least squared distance through the points of one line; looks no further than the best found so far.
    std::int64_t along(const std::vector<std::int64_t>& given, std::int64_t i, std::int64_t place, std::int64_t side,
                       std::int64_t stride) const {
        std::int64_t best = given[static_cast<std::size_t>(i)];
        for (std::int64_t k = 1; k * k < best; ++k) {
            const bool before = place >= k, after = place + k < side;
            if (!before && !after && !outside_) break;
            if (outside_ && !(before && after)) best = std::min(best, k * k);
            if (before) best = std::min(best, k * k + given[static_cast<std::size_t>(i - k * stride)]);
            if (after) best = std::min(best, k * k + given[static_cast<std::size_t>(i + k * stride)]);
        }
        return best;
    }

    std::array<std::int64_t, 3> sides_;
    bool outside_ = false;
    std::vector<std::int64_t> rows_, planes_;
};

template <int Rank>
class HomotopyWarp {
public:
    HomotopyWarp(const std::array<std::int64_t, 3>& sides, bool wide)
        : points_(wide), mask_(sides), distances_(sides), state_(mask_.size()), distance_(mask_.size()) {}

    // Writes `from` deformed towards `to`.
    void compute(const std::uint8_t* from, const std::uint8_t* to, std::uint8_t* warped) {
        missing_.clear();
        surplus_.clear();
        mask_.for_points([&](Index i, std::int64_t k) {
            warped[k] = mask_[i] = from[k] != 0;
            const bool wanted = to[k] != 0;
            at(state_, i) = wanted == mask_[i] ? State::settled : wanted ? State::missing : State::surplus;
            if (wanted != mask_[i]) (wanted ? missing_ : surplus_).push_back({0, i, k});
        });
        measure(from, false, missing_);
        measure(from, true, surplus_);
        while (flip(State::missing, missing_) | flip(State::surplus, surplus_)) {
        }
        for (const auto* points : {&missing_, &surplus_})
            for (const Point& point : *points) warped[point.given] = mask_[point.place];
    }

private:
    using Index = std::int32_t;
    enum class State : std::uint8_t { settled, missing, surplus, queued };
    struct Point {
        std::int64_t distance;  // squared
        Index place;            // in the frame
        std::int64_t given;     // in the array without it
    };
    using Turn = std::pair<std::int64_t, Index>;

    template <class T>
    static T& at(std::vector<T>& of, Index i) {
        return of[static_cast<std::size_t>(i)];
    }

    // Distances to the nearest point of the mask, or from inside of it to the nearest one around it.
    void measure(const std::uint8_t* from, bool inside, std::vector<Point>& points) {
        if (points.empty()) return;
        distances_.prepare(from, !inside, inside);
        for (Point& point : points) at(distance_, point.place) = point.distance = distances_.at(point.given);
    }

    // Flips points of one kind until none of them is simple; whether there was one. A point that is not simple now can
    // only become so when a neighbour is flipped, and is then asked again.
    bool flip(State kind, const std::vector<Point>& points) {
        turns_.clear();
        const auto due = [&](Index i) {
            if (at(state_, i) != kind || !points_.simple(mask_.around(i))) return false;
            at(state_, i) = State::queued;
            return true;
        };
        for (const Point& point : points)
            if (due(point.place)) turns_.push_back({point.distance, point.place});
        std::make_heap(turns_.begin(), turns_.end(), std::greater<>());
        bool any = false;
        while (!turns_.empty()) {
            std::pop_heap(turns_.begin(), turns_.end(), std::greater<>());
            const Index i = turns_.back().second;
            turns_.pop_back();
            at(state_, i) = kind;
            if (!points_.simple(mask_.around(i))) continue;
            mask_[i] ^= 1;
            at(state_, i) = State::settled;
            any = true;
            for (const Index step : mask_.steps())
                if (const auto j = static_cast<Index>(i + step); due(j)) {
                    turns_.push_back({at(distance_, j), j});
                    std::push_heap(turns_.begin(), turns_.end(), std::greater<>());
                }
        }
        return any;
    }

    SimplePoints<Rank> points_;
    FramedMask<Rank> mask_;
    SquaredDistances distances_;
    std::vector<State> state_;
    std::vector<std::int64_t> distance_;
    std::vector<Point> missing_, surplus_;
    std::vector<Turn> turns_;
};

}  // namespace topolens
