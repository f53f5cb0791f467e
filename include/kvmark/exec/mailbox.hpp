// Messages between the ranks of a job: sent without waiting, received as they come.
#pragma once

#include <kvmark/exec/mpi_session.hpp>

#include <cstring>

namespace kvmark::exec {

/// Every call of MPI is made in turn, and none waits for another rank.
class mailbox {
public:
    static constexpr nanoseconds forever{INT64_MAX};

    explicit mailbox(mpi_session& session) : session_(session) {}

    template <class F>
    void with_turn(F&& f) {
        const std::lock_guard turn(session_.turn());
        f();
    }
    [[nodiscard]] bool tested(MPI_Request& request) {
        int flag = 0;
        with_turn([&] { ::MPI_Test(&request, &flag, MPI_STATUS_IGNORE); });
        return flag != 0;
    }
    /// Sleeps between looks: a rank that waits must not take the processor from one that works.
    [[nodiscard]] bool done(MPI_Request& request, nanoseconds until) {
        for (int looks = 0; !tested(request); ++looks) {
            if (clocks::monotonic_now() > until) return false;
            if (looks > 100) ::usleep(200);
        }
        return true;
    }

    void send_bytes(std::vector<std::byte> data, int to, int tag) {
        mpi_session::outgoing& o = session_.sent.emplace_back();
        o.data = std::move(data);
        with_turn([&] {
            ::MPI_Isend(o.data.data(), static_cast<int>(o.data.size()), MPI_BYTE, to, tag, session_.comm(),
                        &o.request);
        });
    }
    void send(std::int64_t value, int to, int tag) {
        const auto bytes_of_value = std::as_bytes(std::span(&value, 1));
        send_bytes({bytes_of_value.begin(), bytes_of_value.end()}, to, tag);
    }
    /// A value in place of one that has left.
    void send_again(mpi_session::outgoing& o, std::uint64_t value, int to, int tag) {
        o.data.resize(sizeof value);
        std::memcpy(o.data.data(), &value, sizeof value);
        with_turn([&] {
            ::MPI_Isend(o.data.data(), sizeof value, MPI_BYTE, to, tag, session_.comm(), &o.request);
        });
    }
    /// Until all that was sent has left, or `until`.
    void flush(nanoseconds until) {
        for (mpi_session::outgoing& o : session_.sent) static_cast<void>(done(o.request, until));
    }

    /// Calls take(source, tag, data) for each message from anyone that is here whole.
    template <class Take>
    void receive(Take&& take) {
        while (begin_one()) {
        }
        for (incoming& in : incoming_)
            if (in.request != MPI_REQUEST_NULL && tested(in.request)) take(in.source, in.tag, in.data);
        while (!incoming_.empty() && incoming_.front().request == MPI_REQUEST_NULL) incoming_.pop_front();
    }

private:
    struct incoming {
        int source = 0, tag = 0;
        std::vector<std::byte> data;
        MPI_Request request = MPI_REQUEST_NULL;
    };

    bool begin_one() {
        int there = 0;
        with_turn([&] {
            MPI_Message message;
            MPI_Status status;
            if (::MPI_Improbe(MPI_ANY_SOURCE, MPI_ANY_TAG, session_.comm(), &there, &message, &status) !=
                MPI_SUCCESS)
                there = 0;
            if (!there) return;
            int size = 0;
            ::MPI_Get_count(&status, MPI_BYTE, &size);
            incoming& in = incoming_.emplace_back();
            in.source = status.MPI_SOURCE;
            in.tag = status.MPI_TAG;
            in.data.resize(static_cast<std::size_t>(size));
            ::MPI_Imrecv(in.data.data(), size, MPI_BYTE, &message, &in.request);
        });
        return there != 0;
    }

    mpi_session& session_;
    std::deque<incoming> incoming_;
};

} // namespace kvmark::exec
