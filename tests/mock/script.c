#include "script.h"

#include "arguments.h"

static bool check_step(json_object *step, struct problem *p)
{
    static const char *const step_names[] = {"when", "do", NULL};
    static const char *const when_names[] = {"list_request", NULL};
    json_object *when, *command;
    int64_t at = 0;

    if (!arguments_known(step, step_names, NULL, p))
        return false;
    if (!json_object_object_get_ex(step, "when", &when) || !json_object_object_get_ex(step, "do", &command))
        return problem_set(p, "a step needs when and do");
    if (!arguments_known(when, when_names, NULL, p) ||
        !arguments_integer(when, "list_request", &at, 1, INT64_MAX, p) || !change_known(command, p))
        return false;
    return at > 0 || problem_set(p, "when: needs list_request");
}

bool script_set(struct script *script, json_object *steps, struct problem *p)
{
    if (!json_object_is_type(steps, json_type_array))
        return problem_set(p, "a script is a list of steps");
    for (size_t i = 0; i < json_object_array_length(steps); i++)
        if (!check_step(json_object_array_get_idx(steps, i), p))
            return false;
    script_free(script);
    script->steps = json_object_get(steps);
    return true;
}

void script_run(struct script *script, const struct change_world *w)
{
    script->seen++;
    for (size_t i = 0; script->steps != NULL && i < json_object_array_length(script->steps); i++) {
        json_object *step = json_object_array_get_idx(script->steps, i), *when, *command, *at, *result;

        json_object_object_get_ex(step, "when", &when);
        json_object_object_get_ex(step, "do", &command);
        json_object_object_get_ex(when, "list_request", &at);
        if (json_object_get_int64(at) != script->seen)
            continue;
        result = json_object_new_object();
        change_apply(w, command, result, &script->problem);
        json_object_put(result);
        script->fired++;
    }
}

json_object *script_json(const struct script *script)
{
    json_object *object = json_object_new_object();

    json_object_object_add(object, "list_requests", json_object_new_int64(script->seen));
    json_object_object_add(object, "fired", json_object_new_int64(script->fired));
    json_object_object_add(object, "error",
        script->problem.text[0] != '\0' ? json_object_new_string(script->problem.text) : NULL);
    return object;
}

void script_free(struct script *script)
{
    json_object_put(script->steps);
    *script = (struct script){0};
}
