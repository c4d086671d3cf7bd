// The workloads W1-1 and W2 with ADOL-C, whose numbers are `double` in both. Every step records
// anew and then sweeps the record in reverse.
//
// It is called and answers like the programs in Rust (see `src/measure.rs`), but does not count
// allocations, and uses one thread whatever it is told.

#include <adolc/adolc.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <sstream>
#include <string>
#include <vector>

namespace {

constexpr short TAPE = 1;
constexpr int CHAIN_LENGTH = 1000;
constexpr int WEIGHTS = 337;
constexpr int SIZES[] = {2, 16, 16, 1};

using Step = std::function<double()>;

// The greatest resident size of this process in KiB, where the system tells.
std::string peak_kib() {
    std::ifstream status("/proc/self/status");
    for (std::string word; status >> word;) {
        if (word == "VmHWM:" && status >> word) {
            return word;
        }
    }
    return "-";
}

// The seconds that a step takes.
double timed(const std::string& workload, const Step& step) {
    const auto start = std::chrono::steady_clock::now();
    const double loss = step();
    const std::chrono::duration<double> time = std::chrono::steady_clock::now() - start;
    if (!std::isfinite(loss)) {
        std::fprintf(stderr, "%s: the loss is %f\n", workload.c_str(), loss);
        std::exit(1);
    }
    return time.count();
}

// Times a step, which returns its loss, and prints the line.
void measure(const std::string& workload, double seconds, const Step& step) {
    for (int warming = 0; warming < 4; ++warming) {
        timed(workload, step);
    }
    const double one = std::max(timed(workload, step), 1e-9);
    std::vector<double> times(static_cast<size_t>(std::clamp(seconds / one, 30.0, 100000.0)));
    for (double& time : times) {
        time = timed(workload, step);
    }
    std::sort(times.begin(), times.end());
    const double median = times[times.size() / 2] * 1e6;
    const double quick = times[times.size() / 50] * 1e6;
    std::printf("%s\t%.2f\t-\t-\t%s\t%.2f\n", workload.c_str(), median, peak_kib().c_str(),
                quick);
}

// Sweeps the last record in reverse, and leaves the gradient of its one result.
void reverse(std::vector<double>& gradient) {
    double weight = 1.0;
    const int inputs = static_cast<int>(gradient.size());
    if (fos_reverse(TAPE, 1, inputs, &weight, gradient.data()) < 0) {
        std::fprintf(stderr, "the record does not fit the sweep\n");
        std::exit(1);
    }
}

// W1: a chain of operations on one number. The second argument of `trace_on` keeps the values that
// the sweep in reverse needs, so that none is computed twice.
double chain(std::vector<double>& gradient) {
    trace_on(TAPE, 1);
    adouble x;
    x <<= 0.5;
    for (int operation = 0; operation < CHAIN_LENGTH; ++operation) {
        switch (operation % 3) {
        case 0:
            x = x * 1.01;
            break;
        case 1:
            x = x + 0.01;
            break;
        default:
            x = tanh(x);
        }
    }
    double loss;
    x >>= loss;
    trace_off();
    reverse(gradient);
    return loss;
}

// W2: a perceptron 2-16-16-1 whose every number is on the tape.
double perceptron(const std::vector<double>& weights, std::vector<double>& gradient) {
    trace_on(TAPE, 1);
    std::vector<adouble> parameters(weights.size());
    for (size_t at = 0; at < weights.size(); ++at) {
        parameters[at] <<= weights[at];
    }
    auto parameter = parameters.cbegin();
    std::vector<adouble> values = {0.3, -0.7};
    for (int layer = 1; layer <= 3; ++layer) {
        std::vector<adouble> outputs;
        outputs.reserve(SIZES[layer]);
        for (int unit = 0; unit < SIZES[layer]; ++unit) {
            adouble sum = *parameter++;
            for (const adouble& value : values) {
                sum = sum + *parameter++ * value;
            }
            outputs.push_back(layer < 3 ? adouble(tanh(sum)) : sum);
        }
        values = std::move(outputs);
    }
    const adouble target = 1.0;
    const adouble error = values[0] - target;
    adouble square = error * error;
    double loss;
    square >>= loss;
    trace_off();
    reverse(gradient);
    return loss;
}

} // namespace

int main(int count, char** arguments) {
    if (count < 4) {
        std::fprintf(stderr, "usage: PROGRAM WORKLOADS THREADS SECONDS\n");
        return 1;
    }
    const double seconds = std::atof(arguments[3]);
    std::istringstream workloads(arguments[1]);
    for (std::string workload; std::getline(workloads, workload, ',');) {
        if (workload == "W1-1") {
            std::vector<double> gradient(1);
            measure(workload, seconds, [&] { return chain(gradient); });
        } else if (workload == "W2") {
            std::vector<double> weights(WEIGHTS), gradient(WEIGHTS);
            for (int at = 0; at < WEIGHTS; ++at) {
                weights[at] = at * 37 % 101 / 101.0 - 0.5;
            }
            measure(workload, seconds, [&] { return perceptron(weights, gradient); });
        }
    }
}
