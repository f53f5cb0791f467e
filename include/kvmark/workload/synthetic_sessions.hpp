// What the sessions of a made trace ask, one request after the other.
#pragma once

#include <kvmark/core/zipf.hpp>
#include <kvmark/workload/synthetic_context.hpp>

namespace kvmark::workload {

/// One session, from its first request to its last; no two of its requests are in service at once.
struct synthetic_session {
    synthetic_kind kind{};
    std::uint32_t number = 0;
    random_stream draw{0};
    std::uint64_t item = 0; ///< the shared item that it opens with
    synthetic_context context;
    synthetic_context sub_agent;
    std::uint64_t left = 0;     ///< requests of its own, the next one included
    std::uint64_t sub_left = 0; ///< of the sub-agent at work; 0: none is
    std::uint64_t last = block_request::nobody;
    std::uint32_t output = 0; ///< of the last request
    nanoseconds think{};      ///< before the next request
};

/// Opens sessions and carries them on. A session draws from a stream of its own, so what it asks does not
/// depend on the others; but for the numbers of blocks.
class synthetic_sessions {
public:
    explicit synthetic_sessions(const synthetic_config& c)
        : config_(c), prompts_(c.prompts.count, c.prompts.skew),
          conversation_prompts_(c.conversations.prompts.count, c.conversations.prompts.skew),
          tools_(c.agents.tools.count, c.agents.tools.skew), system_(c.agents.tools.count, 0),
          sub_system_(c.agents.tools.count, 0), documents_(c.documents.count, c.documents.skew),
          objects_(c.popularity.objects, c.popularity.skew) {}

    /// Makes `s` session `number`, whatever it was before.
    void open(synthetic_session& s, std::uint32_t number) {
        constexpr std::uint64_t salt = 0x73657373; // "sess"
        s.number = number;
        s.draw = random_stream(config_.seed, salt, number);
        s.kind = draw_kind(s.draw);
        s.item = items_of(s.kind).popularity(s.draw);
        s.context.clear();
        s.left = 1;
        if (s.kind == synthetic_kind::conversations)
            s.left = draw_geometric(s.draw, config_.conversations.mean_turns);
        if (s.kind == synthetic_kind::agents) s.left = draw_geometric(s.draw, config_.agents.mean_steps);
        s.sub_left = 0;
        s.last = block_request::nobody;
        s.think = {};
    }

    /// The next request of the session, but for its arrival; to be added to a trace before another one.
    [[nodiscard]] trace_row ask(synthetic_session& s) {
        synthetic_context& c = s.sub_left > 0 ? s.sub_agent : s.context;
        if (c.tokens() == 0) begin(s, c);
        s.output = s.kind == synthetic_kind::zipf ? 1 : draw_length(s.draw, answer_of(s.kind), limit());
        return {.after = s.last,
                .think = s.think,
                .session = s.number,
                .input = tokens(c.tokens()),
                .output = tokens(s.output),
                .blocks = c.blocks(block(), numbers_)};
    }

    /// The last request of the session was added as `id`. False: it was the last one of all.
    [[nodiscard]] bool go_on(synthetic_session& s, std::uint64_t id) {
        s.last = id;
        if (s.kind == synthetic_kind::conversations) return go_on_talking(s);
        if (s.kind == synthetic_kind::agents) return go_on_working(s);
        return false;
    }

private:
    struct items {
        std::vector<shared_prefix> prefixes; // empty until one is used
        std::uint64_t count;
        zipf popularity;

        items(std::uint64_t n, double skew) : count(n), popularity(n, skew) {}
    };

    [[nodiscard]] std::uint64_t block() const { return config_.block_tokens.count; }
    [[nodiscard]] std::uint32_t limit() const { return config_.context_limit; }

    [[nodiscard]] synthetic_kind draw_kind(random_stream& draw) const {
        double sum = 0;
        for (const double w : config_.weights) sum += w;
        double at = draw.uniform() * sum;
        std::size_t kind = 0, chosen = 0;
        for (; kind < config_.weights.size() && at >= 0; ++kind) {
            if (config_.weights[kind] == 0) continue;
            at -= config_.weights[kind];
            chosen = kind;
        }
        return static_cast<synthetic_kind>(chosen);
    }
    [[nodiscard]] items& items_of(synthetic_kind kind) {
        switch (kind) {
        case synthetic_kind::system_prompts:
            return prompts_;
        case synthetic_kind::conversations:
            return conversation_prompts_;
        case synthetic_kind::agents:
            return tools_;
        case synthetic_kind::documents:
            return documents_;
        case synthetic_kind::zipf:
            return objects_;
        }
        __builtin_unreachable();
    }
    [[nodiscard]] const lognormal& answer_of(synthetic_kind kind) const {
        return kind == synthetic_kind::agents ? config_.agents.answer : config_.answer;
    }

    /// Item `which`, of a length drawn from a stream of its own.
    [[nodiscard]] shared_prefix& item(items& of, std::uint64_t which, const lognormal& length,
                                      std::uint64_t salt) {
        if (of.prefixes.empty()) of.prefixes.resize(of.count);
        shared_prefix& p = of.prefixes[which];
        if (p.tokens == 0) {
            random_stream draw(config_.seed, salt, which);
            p.tokens = draw_length(draw, length, limit() / 4);
        }
        return p;
    }

    /// What is in a context before its first request.
    void begin(synthetic_session& s, synthetic_context& c) {
        const auto share = [&](items& of, const lognormal& length, std::uint64_t salt) {
            c.append_shared(item(of, s.item, length, salt), block(), numbers_);
        };
        const lognormal* asked = &config_.question;
        switch (s.kind) {
        case synthetic_kind::system_prompts:
            share(prompts_, config_.prompts.length, prompt_salt);
            break;
        case synthetic_kind::conversations:
            share(conversation_prompts_, config_.conversations.prompts.length, conversation_salt);
            break;
        case synthetic_kind::agents:
            share(tools_, config_.agents.tools.length, tools_salt);
            if (s.sub_left > 0)
                share(sub_system_, config_.agents.system, sub_system_salt);
            else
                share(system_, config_.agents.system, system_salt);
            asked = &config_.agents.task;
            break;
        case synthetic_kind::documents:
            share(documents_, config_.documents.length, document_salt);
            break;
        case synthetic_kind::zipf: {
            if (objects_.prefixes.empty()) objects_.prefixes.resize(objects_.count);
            shared_prefix& object = objects_.prefixes[s.item];
            object.tokens = static_cast<std::uint32_t>(config_.popularity.blocks * block());
            return c.append_shared(object, block(), numbers_);
        }
        }
        c.append(draw_length(s.draw, *asked, limit() / 2));
    }

    [[nodiscard]] bool go_on_talking(synthetic_session& s) {
        if (--s.left == 0) return false;
        s.context.append(s.output);
        s.context.append(draw_length(s.draw, config_.question, limit()));
        s.think = draw_time(s.draw, config_.conversations.think);
        return s.context.tokens() <= limit();
    }

    [[nodiscard]] bool go_on_working(synthetic_session& s) {
        const auto use_tool = [&](synthetic_context& c) {
            c.append(draw_length(s.draw, config_.agents.result, limit()));
            s.think = draw_time(s.draw, config_.agents.tool_time);
            return c.tokens() <= limit();
        };
        if (s.sub_left > 0) {
            s.sub_agent.append(s.output);
            if (--s.sub_left > 0 && use_tool(s.sub_agent)) return true;
            s.sub_left = 0;
            s.context.append(s.output); // the sub-agent's last answer is what its agent reads next
            s.think = {};
            return s.context.tokens() <= limit();
        }
        if (--s.left == 0) return false;
        s.context.append(s.output);
        if (!s.draw.chance(config_.agents.sub_agent_chance)) return use_tool(s.context);
        s.sub_agent.clear();
        s.sub_left = draw_geometric(s.draw, config_.agents.mean_sub_steps);
        s.think = {};
        return true;
    }

    static constexpr std::uint64_t prompt_salt = 1, conversation_salt = 2, tools_salt = 3, system_salt = 4,
                                   sub_system_salt = 5, document_salt = 6;

    synthetic_config config_;
    block_numbering numbers_;
    items prompts_;
    items conversation_prompts_;
    items tools_;
    items system_; // one for each of tools_
    items sub_system_;
    items documents_;
    items objects_;
};

} // namespace kvmark::workload
