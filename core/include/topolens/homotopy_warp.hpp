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
#include <queue>
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
        bool differ = false;
        mask_.for_points([&](Index i, std::int64_t k) {
            mask_[i] = from[k] != 0;
            const bool wrong = (from[k] != 0) != (to[k] != 0);
            at(state_, i) = !wrong ? State::settled : mask_[i] ? State::surplus : State::missing;
            differ |= wrong;
        });
        if (differ) {
            measure(from, State::missing);
            measure(from, State::surplus);
            while (flip(State::missing) | flip(State::surplus)) {
            }
        }
        mask_.for_points([&](Index i, std::int64_t k) { warped[k] = mask_[i]; });
    }

private:
    using Index = std::int32_t;
    using Turn = std::pair<std::int64_t, Index>;
    enum class State : std::uint8_t { settled, missing, surplus, queued };

    template <class T>
    static T& at(std::vector<T>& of, Index i) {
        return of[static_cast<std::size_t>(i)];
    }

    void measure(const std::uint8_t* from, State kind) {
        distances_.prepare(from, kind == State::missing, kind == State::surplus);
        mask_.for_points([&](Index i, std::int64_t k) {
            if (at(state_, i) == kind) at(distance_, i) = distances_.at(k);
        });
    }

    // Flips points of one kind until none of them is simple; whether there was one.
    bool flip(State kind) {
        std::priority_queue<Turn, std::vector<Turn>, std::greater<>> turns;
        const auto ask = [&](Index i) {
            if (at(state_, i) != kind) return;
            at(state_, i) = State::queued;
            turns.push({at(distance_, i), i});
        };
        mask_.for_points([&](Index i, std::int64_t) { ask(i); });
        bool any = false;
        while (!turns.empty()) {
            const Index i = turns.top().second;
            turns.pop();
            if (!points_.simple(mask_.around(i))) {
                at(state_, i) = kind;
                continue;
            }
            mask_[i] ^= 1;
            at(state_, i) = State::settled;
            any = true;
            for (const Index step : mask_.steps()) ask(i + step);
        }
        return any;
    }

    SimplePoints<Rank> points_;
    FramedMask<Rank> mask_;
    SquaredDistances distances_;
    std::vector<State> state_;
    std::vector<std::int64_t> distance_;
};

}  // namespace topolens
