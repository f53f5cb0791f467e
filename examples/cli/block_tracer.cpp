// The life of the child that traces.
#define BOOST_PROCESS_USE_STD_FS
#include <boost/optional.hpp>
#include <boost/type_traits/remove_pointer.hpp>

#include "block_tracer.hpp"
#include "own_process_group.hpp"

#include <kvmark/launch/quote.hpp>
#include <kvmark/measure/kernel_files.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/asio/readable_pipe.hpp>
#include <boost/process/v2/environment.hpp>
#include <boost/process/v2/process.hpp>
#include <boost/process/v2/stdio.hpp>

#include <atomic>
#include <chrono>
#include <thread>

namespace kvmark::cli {

namespace {

namespace asio = boost::asio;
namespace process = boost::process::v2;
using namespace std::chrono_literals;

/// Where sysfs describes the device that is given as itself.
std::string directory_of_node(const std::string& device) {
    struct stat info {};
    if (::stat(device.c_str(), &info) != 0 || !S_ISBLK(info.st_mode)) return "";
    return "/sys/dev/block/" + std::to_string(major(info.st_rdev)) + ":" +
           std::to_string(minor(info.st_rdev));
}

/// The last error that is named, else the first line; the error of the memory limit does no harm.
std::string complaint_in(const std::string& text) {
    std::string found;
    for (std::string_view rest = text; !rest.empty();) {
        const std::string_view line = measure::trimmed(measure::take_until(rest, '\n'));
        const auto named = line.find("ERROR");
        if (named != std::string_view::npos)
            found = line.substr(named);
        else if (found.empty())
            found = line;
    }
    return found;
}

} // namespace

struct block_tracer::child {
    asio::io_context context{1};
    asio::readable_pipe out{context}, err{context};
    std::array<char, 65536> out_piece{}, err_piece{};
    std::optional<process::process> running;
    std::string devices;
    std::string complaint;
    block_trace_reader reader;
    std::atomic<bool> over = false;
    std::thread thread;

    ~child() { end(); }

    void read_out() {
        out.async_read_some(asio::buffer(out_piece),
                            [this](const boost::system::error_code& e, std::size_t n) {
                                reader.add({out_piece.data(), n});
                                if (!e) read_out();
                            });
    }
    void read_err() {
        err.async_read_some(asio::buffer(err_piece),
                            [this](const boost::system::error_code& e, std::size_t n) {
                                if (complaint.size() < 65536) complaint.append(err_piece.data(), n);
                                if (!e) read_err();
                            });
    }

    void launch(const std::filesystem::path& program, const std::string& script,
                boost::system::error_code& failed) {
        const std::vector<std::string> words{"-f", "json", "-e", script};
        process::process started = process::default_process_launcher()(
            context.get_executor(), failed, program, words, process::process_stdio{nullptr, out, err},
            own_process_group{});
        if (failed) return;
        running.emplace(std::move(started));
        read_out();
        read_err();
        running->async_wait([this](const boost::system::error_code&, int) { over = true; });
    }

    /// From here on a thread reads; signals are the affair of the others.
    void read_on() {
        sigset_t all, before;
        ::sigfillset(&all);
        ::pthread_sigmask(SIG_SETMASK, &all, &before);
        thread = std::thread([this] {
            while (!over) {
                context.run_for(50ms);
                if (context.stopped()) context.restart();
            }
            context.run_for(200ms); // what it wrote last
        });
        ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
    }

    void end() {
        if (!running) return;
        const auto signal = [&](int number) {
            if (!over) ::kill(-running->id(), number);
        };
        signal(SIGINT);
        for (int i = 0; i < 300 && !over; ++i) {
            if (!thread.joinable())
                context.run_for(10ms), context.restart();
            else
                std::this_thread::sleep_for(10ms);
        }
        signal(SIGKILL);
        if (thread.joinable()) thread.join();
        for (int i = 0; i < 100 && !over; ++i) context.restart(), context.run_for(10ms);
        running.reset();
    }
};

block_tracer::block_tracer(std::unique_ptr<child> c) : child_(std::move(c)) {}
block_tracer::block_tracer(block_tracer&&) noexcept = default;
block_tracer& block_tracer::operator=(block_tracer&&) noexcept = default;
block_tracer::~block_tracer() = default;

result<block_tracer> block_tracer::start(const traced_place& place) {
    const auto disks = disks_below(place.raw_device.empty() ? measure::block_device_directory(place.cache_dir)
                                                            : directory_of_node(place.raw_device));
    if (disks.empty())
        return error{error_kind::unsupported,
                     "there is no block device behind " +
                         quote(place.raw_device.empty() ? place.cache_dir : place.raw_device) +
                         " (memory, an overlay or a network)"};
    const auto program = process::environment::find_executable("bpftrace");
    if (program.empty())
        return error{error_kind::unsupported,
                     "there is no bpftrace in PATH; on Debian: apt-get install bpftrace"};

    auto c = std::make_unique<child>();
    for (const traced_disk& d : disks) c->devices += (c->devices.empty() ? "" : ", ") + d.name;
    boost::system::error_code failed;
    c->launch(program, block_trace_program(disks), failed);
    if (failed)
        return error{error_kind::system, "cannot start " + program.string() + ": " + failed.message()};
    const auto deadline = std::chrono::steady_clock::now() + 10s;
    while (!c->over && !c->reader.attached() && std::chrono::steady_clock::now() < deadline) {
        c->context.run_for(20ms);
        if (c->context.stopped()) c->context.restart();
    }
    if (c->over) {
        c->context.restart();
        c->context.run_for(200ms);
        const std::string said = complaint_in(c->complaint);
        return error{error_kind::unsupported,
                     "bpftrace ended" + (said.empty() ? "" : ": " + said) +
                         "; it needs root and tracepoints: mount -t tracefs nodev /sys/kernel/tracing"};
    }
    if (!c->reader.attached())
        return error{error_kind::system, "bpftrace attached no probe within ten seconds"};
    c->read_on();
    return block_tracer(std::move(c));
}

std::optional<measure::block_layer_stats> block_tracer::stop(nanoseconds begin, nanoseconds end) {
    if (!child_) return {};
    child_->end();
    auto stats = child_->reader.between(begin, end);
    if (stats) stats->devices = child_->devices;
    return stats;
}

} // namespace kvmark::cli
