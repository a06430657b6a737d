package dev.tallygate.policy;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * An estimate of the states that a regex compiles to, made before it is compiled: the engine writes
 * out counted repeats, so {@code ((a{1000}){1000}){1000}} would fill any memory.
 */
final class RegexSize {
  private static final Pattern REPEAT = Pattern.compile("\\{([0-9]{1,9})(,([0-9]{0,9}))?\\}");

  /** More than this is never told apart. */
  private static final long SATURATED = 1_000_000_000L;

  /** A class such as {@code \pL} is a table of some kilobytes. */
  private static final long UNICODE_CLASS = 50;

  private RegexSize() {}

  static long of(String regex) {
    Deque<Long> outer = new ArrayDeque<>();
    long sum = 0;
    long last = 0;
    for (int i = 0; i < regex.length(); i++) {
      char c = regex.charAt(i);
      Matcher repeat = c == '{' ? REPEAT.matcher(regex).region(i, regex.length()) : null;
      if (repeat != null && repeat.lookingAt()) {
        long times = Math.max(number(repeat.group(1)), number(repeat.group(3)));
        sum = Math.min(SATURATED, sum + last * (Math.max(1, times) - 1));
        last = Math.min(SATURATED, last * Math.max(1, times));
        i = repeat.end() - 1;
      } else if (c == '(') {
        outer.push(sum);
        sum = 1;
        last = 0;
      } else if (c == ')' && !outer.isEmpty()) {
        last = sum;
        sum = Math.min(SATURATED, outer.pop() + sum);
      } else {
        boolean unicodeClass = regex.startsWith("\\p", i) || regex.startsWith("\\P", i);
        last = unicodeClass ? UNICODE_CLASS : 1;
        sum += last;
        if (unicodeClass) {
          int named = regex.startsWith("{", i + 2) ? regex.indexOf('}', i) : -1;
          i = named > 0 ? named : i + 2;
        } else if (c == '\\') {
          i++;
        }
      }
    }
    for (long open : outer) {
      sum = Math.min(SATURATED, sum + open);
    }
    return sum;
  }

  private static long number(String digits) {
    return digits == null || digits.isEmpty() ? 0 : Long.parseLong(digits);
  }
}
