// Arithmetic modulo a prime; elements are kept in [0, p).
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>

namespace topolens {

using Coefficient = std::int32_t;

class PrimeField {
public:
    explicit PrimeField(std::int64_t prime) : prime_(prime) {
        if (prime < 2 || prime > 2147483647 || !is_prime(prime))
            throw std::invalid_argument("field must be a prime below 2^31, got " + std::to_string(prime));
    }

    std::int64_t prime() const { return prime_; }

    Coefficient add(Coefficient a, Coefficient b) const {
        const std::int64_t sum = std::int64_t{a} + b;
        return static_cast<Coefficient>(sum >= prime_ ? sum - prime_ : sum);
    }
    Coefficient negate(Coefficient a) const { return a == 0 ? 0 : static_cast<Coefficient>(prime_ - a); }
    // Most coefficients are 1 (over Z/2 all are), and a division costs more than the rest of a step.
    Coefficient multiply(Coefficient a, Coefficient b) const {
        if (a == 1) return b;
        return static_cast<Coefficient>(std::int64_t{a} * b % prime_);
    }
    // a^(p - 2), by Fermat.
    Coefficient inverse(Coefficient a) const {
        Coefficient result = 1;
        for (std::int64_t exponent = prime_ - 2; exponent > 0; exponent >>= 1) {
            if (exponent & 1) result = multiply(result, a);
            a = multiply(a, a);
        }
        return result;
    }

private:
    static bool is_prime(std::int64_t number) {
        for (std::int64_t factor = 2; factor * factor <= number; ++factor)
            if (number % factor == 0) return false;
        return true;
    }

    std::int64_t prime_;
};

}  // namespace topolens
