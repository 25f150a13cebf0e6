// Pixels and voxels that can change sides without a change of topology.
//
// A point is simple if the foreground around it (without the point) has one component that touches it, and the
// background too; the side that is wide sees all 8 or 26 neighbours, the other one its 4 or 6 faces, and paths between
// these within two steps along the axes.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace topolens {

// The 3 x 3 (x 3) points around a point, one bit each, in the order of memory; Rank is 2 or 3.
template <int Rank>
class SimplePoints {
public:
    static constexpr int cells = Rank == 2 ? 9 : 27, centre = cells / 2;

    // `wide`: the foreground is 8- or 26-connected, the background 4- or 6-connected; otherwise the reverse.
    explicit SimplePoints(bool wide) : wide_(wide) {
        for (int a = 0; a < cells; ++a) {
            if (a == centre) continue;
            const int far = steps(a, centre);
            if (far == 1) faces_ |= bit(a);
            if (far <= 2) room_ |= bit(a);
            for (int b = 0; b < cells; ++b) {
                if (b == centre || b == a) continue;
                if (near(a, b)) wide_near_[index(a)] |= bit(b);
                if (steps(a, b) == 1) face_near_[index(a)] |= bit(b);
            }
        }
        if constexpr (Rank == 2) {
            table_.resize(1U << cells);
            for (std::uint32_t around = 0; around < table_.size(); ++around) table_[around] = look(around);
        }
    }

    // Whether the centre is simple, given the foreground around it; the centre's own bit does not matter.
    bool simple(std::uint32_t around) const {
        if constexpr (Rank == 2) return table_[around] != 0;
        else return look(around);
    }

private:
    static constexpr std::uint32_t everywhere = (std::uint32_t{1} << cells) - 1 - (std::uint32_t{1} << centre);

    static std::uint32_t bit(int a) { return std::uint32_t{1} << a; }
    static std::size_t index(int a) { return static_cast<std::size_t>(a); }
    static int apart(int a, int b) { return a > b ? a - b : b - a; }

    // Steps along the axes from one point to another, and whether they share a corner at least.
    static int steps(int a, int b) { return apart(a % 3, b % 3) + apart(a / 3 % 3, b / 3 % 3) + apart(a / 9, b / 9); }
    static bool near(int a, int b) {
        return apart(a % 3, b % 3) <= 1 && apart(a / 3 % 3, b / 3 % 3) <= 1 && apart(a / 9, b / 9) <= 1;
    }

    bool look(std::uint32_t around) const {
        const std::uint32_t foreground = around & everywhere, background = ~around & everywhere;
        return one_piece(wide_ ? foreground : background, everywhere, wide_near_) &&
               one_piece((wide_ ? background : foreground) & room_, faces_, face_near_);
    }

    // Whether exactly one component of `points` meets `touching`.
    static bool one_piece(std::uint32_t points, std::uint32_t touching,
                          const std::array<std::uint32_t, cells>& neighbours) {
        const std::uint32_t seeds = points & touching;
        if (seeds == 0) return false;
        std::uint32_t piece = 0, fresh = seeds & (~seeds + 1);
        while (fresh != 0) {
            piece |= fresh;
            std::uint32_t next = 0;
            for (; fresh != 0; fresh &= fresh - 1) next |= neighbours[index(std::countr_zero(fresh))];
            fresh = next & points & ~piece;
        }
        return (seeds & ~piece) == 0;
    }

    bool wide_;
    std::uint32_t faces_ = 0, room_ = 0;
    std::array<std::uint32_t, cells> wide_near_{}, face_near_{};
    std::vector<std::uint8_t> table_;
};

// A mask with a frame of background around it, so that every point has all its neighbours.
template <int Rank>
class FramedMask {
public:
    using Index = std::int32_t;

    explicit FramedMask(const std::array<std::int64_t, 3>& sides)
        : sides_(sides), row_(sides[2] + 2), plane_(Rank == 2 ? 0 : (sides[1] + 2) * row_) {
        points_.resize(static_cast<std::size_t>((Rank == 2 ? 1 : sides[0] + 2) * (sides[1] + 2) * row_));
        for (int c = 0; c < SimplePoints<Rank>::cells; ++c)
            steps_[static_cast<std::size_t>(c)] =
                static_cast<Index>((Rank == 2 ? 0 : c / 9 - 1) * plane_ + (c / 3 % 3 - 1) * row_ + c % 3 - 1);
    }

    // Calls visit(place in the frame, place in an array without it), in order.
    template <class Visit>
    void for_points(Visit&& visit) const {
        std::int64_t given = 0;
        for (std::int64_t z = 0; z < sides_[0]; ++z)
            for (std::int64_t y = 0; y < sides_[1]; ++y) {
                const std::int64_t start = (Rank == 2 ? 0 : (z + 1) * plane_) + (y + 1) * row_ + 1;
                for (std::int64_t x = 0; x < sides_[2]; ++x) visit(static_cast<Index>(start + x), given++);
            }
    }

    std::uint8_t& operator[](Index i) { return points_[static_cast<std::size_t>(i)]; }

    std::uint32_t around(Index i) const {
        std::uint32_t bits = 0;
        for (std::size_t c = 0; c < steps_.size(); ++c)
            bits |= static_cast<std::uint32_t>(points_[static_cast<std::size_t>(i + steps_[c])]) << c;
        return bits;
    }

    std::size_t size() const { return points_.size(); }
    const auto& steps() const { return steps_; }

private:
    std::array<std::int64_t, 3> sides_;
    std::int64_t row_, plane_;
    std::vector<std::uint8_t> points_;
    std::array<Index, static_cast<std::size_t>(SimplePoints<Rank>::cells)> steps_;
};

}  // namespace topolens
