// Python's built-in functions, for those that _translate.py writes as JavaScript.
//
// None is null, a tuple an array, a list an array with `isList`, a dict a `Map`, a set a `PySet`. What Python can do and
// this cannot ends with JavaScript's own TypeError, which no translated function catches.

const $py = (() => {
  class PySet {
    constructor(items) {
      this.items = [];
      for (const item of items) if (!contains(item, this.items)) this.items.push(item);
    }
  }
  /** No `Error`: most are caught, and the trace of calls that an `Error` takes down costs more than the rest. */
  class Exception {
    static isClass = true;
    constructor(message = "") {
      this.message = message;
    }
    toString() {
      return `${this.constructor.name}: ${this.message}`;
    }
  }
  class ValueError extends Exception {}
  class TypeError extends Exception {}
  class IndexError extends Exception {}
  class KeyError extends Exception {}

  const isText = (value) => typeof value === "string" || value instanceof String;
  const isNumber = (value) => typeof value === "number" || typeof value === "boolean";
  const unsupported = (name, ...values) => new globalThis.TypeError(`${name} of ${values.map(typeName).join(" and ")}`);
  const iter = (value) => (value instanceof Map ? value.keys() : value instanceof PySet ? value.items : value);

  function len(value) {
    if (value instanceof Map) return value.size;
    if (value instanceof PySet) return value.items.length;
    if (Array.isArray(value) || isText(value)) return value.length;
    throw unsupported("len", value);
  }

  function bool(value) {
    const hasLength = Array.isArray(value) || value instanceof Map || value instanceof PySet || value instanceof String;
    return hasLength ? len(value) > 0 : Boolean(value);
  }

  function eq(a, b) {
    if (a === b) return true;
    if (isNumber(a) && isNumber(b)) return Number(a) === Number(b);
    if (isText(a) && isText(b)) return String(a) === String(b);
    if (Array.isArray(a) && Array.isArray(b)) {
      return Boolean(a.isList) === Boolean(b.isList) && a.length === b.length && a.every((item, index) => eq(item, b[index]));
    }
    if (a instanceof PySet && b instanceof PySet) return le(a, b) && le(b, a);
    if (a instanceof Map && b instanceof Map) {
      return a.size === b.size && [...a].every(([key, value]) => b.has(key) && eq(value, b.get(key)));
    }
    const fields = a?.constructor?.fields;
    return Boolean(fields) && a.constructor === b?.constructor && fields.every((name) => eq(a[name], b[name]));
  }

  function lt(a, b) {
    if ((isNumber(a) && isNumber(b)) || (isText(a) && isText(b))) return a < b;
    if (a instanceof PySet && b instanceof PySet) return le(a, b) && !le(b, a);
    if (!Array.isArray(a) || !Array.isArray(b)) throw unsupported("order", a, b);
    const at = a.findIndex((item, index) => index >= b.length || !eq(item, b[index]));
    return at < 0 ? a.length < b.length : at < b.length && lt(a[at], b[at]);
  }

  function le(a, b) {
    if (isNumber(a) && isNumber(b)) return a <= b;
    if (a instanceof PySet && b instanceof PySet) return a.items.every((item) => contains(item, b.items));
    return !lt(b, a);
  }

  function contains(item, container) {
    if (container instanceof Map) return container.has(keyOf(item));
    if (isText(container)) return container.includes(item);
    return array(container).some((other) => eq(item, other));
  }

  function add(a, b) {
    if ((isNumber(a) && isNumber(b)) || (isText(a) && isText(b))) return a + b;
    if (Array.isArray(a) && Array.isArray(b)) return alike([...a, ...b], a);
    throw unsupported("sum", a, b);
  }

  function mul(a, b) {
    if (isNumber(a) && isNumber(b)) return a * b;
    if (isNumber(a)) return mul(b, a);
    const times = Math.max(Number(b), 0);
    if (isText(a)) return a.repeat(times);
    if (!Array.isArray(a)) throw unsupported("product", a, b);
    return alike(range(times).flatMap(() => [...a]), a);
  }

  const ofNumbers = (name, compute) => (a, b) => {
    if (!isNumber(a) || !isNumber(b)) throw unsupported(name, a, b);
    return compute(a, b);
  };
  const floordiv = ofNumbers("quotient", (a, b) => Math.floor(a / b));
  const mod = ofNumbers("remainder", (a, b) => ((a % b) + b) % b);
  const sub = ofNumbers("difference", (a, b) => a - b);

  /** A key of a `Map`, which tells objects apart that Python finds equal. */
  function keyOf(value) {
    if (typeof value === "object" && value !== null && !isText(value)) throw unsupported("key", value);
    return isText(value) ? String(value) : value;
  }

  function item(container, index) {
    const isDict = container instanceof Map;
    const found = isDict ? container.get(keyOf(index)) : container.at(index);
    if (found === undefined) throw isDict ? new KeyError(repr(index)) : new IndexError("index out of range");
    return found;
  }

  function setitem(container, index, value) {
    if (container instanceof Map) container.set(keyOf(index), value);
    else container[index < 0 ? container.length + index : index] = value;
  }

  const isTuple = (value) => Array.isArray(value) && !value.isList;
  const array = (values) => (Array.isArray(values) ? values : [...iter(values)]);
  const tuple = (values = []) => (isTuple(values) ? values : [...iter(values)]);
  const alike = (values, kind) => (kind.isList ? list(values) : values);
  const list = (values = []) => Object.assign([...iter(values)], { isList: true });
  const typeName = (value) => {
    if (value === null) return "NoneType";
    if (isText(value)) return "str";
    if (typeof value === "boolean") return "bool";
    if (typeof value === "number") return Number.isInteger(value) ? "int" : "float";
    if (Array.isArray(value)) return value.isList ? "list" : "tuple";
    return value instanceof Map ? "dict" : value instanceof PySet ? "set" : value?.constructor?.name ?? typeof value;
  };

  function repr(value) {
    const each = (values) => Array.from(values, repr).join(", ");
    if (value === null) return "None";
    if (typeof value === "boolean") return value ? "True" : "False";
    if (isText(value)) {
      const quote = value.includes("'") && !value.includes('"') ? '"' : "'";
      return quote + value.replaceAll("\\", "\\\\").replaceAll("\n", "\\n").replaceAll(quote, `\\${quote}`) + quote;
    }
    if (value.isList) return `[${each(value)}]`;
    if (Array.isArray(value)) return `(${each(value)}${value.length === 1 ? "," : ""})`;
    if (value instanceof PySet) return value.items.length ? `{${each(value.items)}}` : "set()";
    if (value instanceof Map) return `{${Array.from(value, ([key, entry]) => `${repr(key)}: ${repr(entry)}`).join(", ")}}`;
    if (typeof value === "number") return String(value);
    throw unsupported("repr", value);
  }

  function str(value) {
    return isText(value) ? String(value) : value instanceof Exception ? value.message : repr(value);
  }

  function int(value) {
    if (!isNumber(value) && !(isText(value) && /^-?\d+$/.test(value))) throw unsupported("int", value);
    return Math.trunc(Number(value));
  }

  /** Stands in for integer_of_any_size of jtconv/_geometry/arguments.py. */
  function integer(name, value) {
    if (Number.isInteger(value)) return value;
    throw new TypeError(`\`${name}\` must be an int, got ${repr(value)}.`);
  }

  function range(first, last, step = 1) {
    const [from, to] = last === undefined ? [0, first] : [first, last];
    return Array.from({ length: Math.max(Math.ceil((to - from) / step), 0) }, (_, index) => from + index * step);
  }

  function zip(...iterables) {
    const all = iterables.map(array);
    return all[0].slice(0, Math.min(...all.map(len))).map((_, index) => all.map((each) => each[index]));
  }

  function zip_strict(strict, ...iterables) {
    const all = iterables.map(array);
    if (strict && all.some((each) => each.length !== all[0].length)) throw new ValueError("zip() of unequal lengths");
    return zip(...all);
  }

  function any(values) {
    for (const value of iter(values)) if (bool(value)) return true;
    return false;
  }

  function all(values) {
    for (const value of iter(values)) if (!bool(value)) return false;
    return true;
  }

  function extreme(isBetter, values, key = (value) => value) {
    const all = values.length === 1 ? array(values[0]) : values;
    if (!all.length) throw new ValueError("iterable argument is empty");
    return all.reduce((best, value) => (isBetter(key(value), key(best)) ? value : best));
  }

  const min = (...values) => extreme(lt, values);
  const max = (...values) => extreme((a, b) => lt(b, a), values);
  const orElse = (choose) => (usual, values) => {
    const all = array(values);
    return all.length ? choose(all) : usual;
  };

  function sorted_key(key, values) {
    return list(values).sort((a, b) => (lt(key(a), key(b)) ? -1 : lt(key(b), key(a)) ? 1 : 0));
  }

  function next(iterator, ...usual) {
    if (Array.isArray(iterator)) throw unsupported("next", iterator);
    const { done, value } = iterator.next();
    if (done && !usual.length) throw new Exception("StopIteration");
    return done ? usual[0] : value;
  }

  function getattr(owner, name, ...usual) {
    if (typeof owner === "object" && owner !== null && name in owner) return owner[name];
    if (usual.length) return usual[0];
    throw unsupported(name, owner);
  }

  function hasattr(value, name) {
    if (name === "__index__") return isNumber(value);
    if (name === "__len__" || name === "__getitem__") return Array.isArray(value) || isText(value) || value instanceof Map;
    return typeof value === "object" && value !== null && name in value;
  }

  /** Call a function or class with arguments that find their places by its parameters' names. */
  function apply(called, positional, keywords, owner) {
    const values = keywords || called.hasRest ? placed(called, positional, keywords ?? {}) : positional;
    return called.isClass ? new called(...values) : called.apply(owner, values);
  }

  function placed(called, positional, keywords) {
    const { params } = called;
    let at = 0;
    const values = params.map((name) => {
      if (name.startsWith("**")) return new Map(Object.entries(keywords).filter(([key]) => !params.includes(key)));
      if (name.startsWith("*")) return positional.slice(at, (at = positional.length));
      return at < positional.length ? positional[at++] : keywords[name];
    });
    const isTaken = (name) => params.includes(name) || params.at(-1).startsWith("**");
    if (at < positional.length || !Object.keys(keywords).every(isTaken)) throw unsupported("these arguments", called);
    return values;
  }

  /** Note a function's parameters, by which its arguments find their places. */
  function noted(called, params) {
    return Object.assign(called, { params, hasRest: params.some((name) => name.startsWith("*")) });
  }

  /** A function whose first parameter is the object, as a method of a class or as one of its properties. */
  function method(owner, name, called) {
    const bound = function (...values) {
      return called(this, ...values);
    };
    owner.prototype[name] = noted(bound, called.params.slice(1));
  }

  function getter(owner, name, called) {
    Object.defineProperty(owner.prototype, name, {
      get() {
        return called(this);
      },
    });
  }

  const methods = {
    join: (between, parts) => array(parts).join(between),
    upper: (text) => text.toUpperCase(),
    lower: (text) => text.toLowerCase(),
    startswith: (text, start) => (isText(start) ? text.startsWith(start) : start.some((each) => text.startsWith(each))),
    endswith: (text, end) => (isText(end) ? text.endsWith(end) : end.some((each) => text.endsWith(each))),
    items: (dict) => [...dict.entries()],
    keys: (dict) => [...dict.keys()],
    values: (dict) => [...dict.values()],
    get: (dict, key, usual = null) => (dict.has(keyOf(key)) ? dict.get(keyOf(key)) : usual),
    isdecimal: (text) => /^\d+$/.test(text),
    partition: (text, mark) => {
      const at = text.indexOf(mark);
      return at < 0 ? [text, "", ""] : [text.slice(0, at), mark, text.slice(at + mark.length)];
    },
    removeprefix: (text, start) => (text.startsWith(start) ? text.slice(start.length) : text),
    split: (text, mark) => list(text.split(mark)),
    append: (values, value) => void values.push(value),
    extend: (values, more) => void values.push(...iter(more)),
    index: (values, value) => {
      const found = values.findIndex((each) => eq(each, value));
      if (found < 0) throw new ValueError(`${repr(value)} is not in it`);
      return found;
    },
    count: (values, value) => values.filter((each) => eq(each, value)).length,
  };

  const bytes = () => null; // there are none
  const dict = (entries = []) => new Map(entries);
  const set = (values = []) => new PySet(iter(values));
  const kinds = new Map([
    [str, isText],
    [int, (value) => typeof value === "boolean" || Number.isInteger(value)],
    [bool, (value) => typeof value === "boolean"],
    [tuple, isTuple],
    [list, (value) => Array.isArray(value) && Boolean(value.isList)],
    [dict, (value) => value instanceof Map],
    [set, (value) => value instanceof PySet],
    [bytes, () => false],
  ]);

  return {
    Exception, ValueError, TypeError, IndexError, KeyError,
    add, all, any, apply, array, bool, bytes, contains, dict, eq, floordiv, getattr, getter, hasattr, int, integer,
    item, iter, le, len, list, lt, max, method, methods, min, mod, mul, next, noted, range, repr, set, setitem, sorted_key, str, sub, tuple, zip, zip_strict,
    abs: (value) => Math.abs(value),
    and: (...parts) => parts.reduce((value, part) => (bool(value) ? part() : value), true),
    divmod: (a, b) => [floordiv(a, b), mod(a, b)],
    enumerate: (values) => array(values).map((value, index) => [index, value]),
    fields: (value) => value.constructor.fields.map((name) => ({ name })),
    is: (a, b) => a === b,
    isinstance: (value, types) => types.some((type) => (kinds.has(type) ? kinds.get(type)(value) : value instanceof type)),
    map: (called, ...iterables) => zip(...iterables).map((values) => called(...values)),
    max_default: orElse(max),
    max_key: (key, values) => extreme((a, b) => lt(b, a), [values], key),
    min_default: orElse(min),
    min_key: (key, values) => extreme(lt, [values], key),
    or: (...parts) => parts.reduce((value, part) => (bool(value) ? value : part()), false),
    replace: (value, changes) => Object.assign(Object.create(Object.getPrototypeOf(value)), value, changes),
    reversed: (values) => [...iter(values)].reverse(),
    setattr: (owner, name, value) => void (owner[name] = value),
    slice: (values, from, to) => alike(values.slice(from ?? 0, to ?? undefined), values),
    sorted: (values) => sorted_key((value) => value, values),
    sum: (values) => array(values).reduce(add, 0),
    thousands: (value) => value.toLocaleString("en-US"),
    type: (value) => ({ __name__: typeName(value) }),
  };
})();
