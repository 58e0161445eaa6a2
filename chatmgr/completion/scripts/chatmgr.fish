# Completion of chatmgr in fish. Made by: chatmgr completion show fish
#
# fish quotes every candidate for the place where it goes; nothing that stands on the line is run.

function __chatmgr_quoted
    for word in $argv
        if test -z "$word"; or string match -qr '[\\s\'"\\\\]' -- $word
            echo "'"(string replace -a "'" "'\\''" -- $word)"'"
        else
            echo $word
        end
    end
end

function __chatmgr_complete
    set -l program chatmgr
    command -q chatmgr; or set program @PROGRAM@
    set -l raw (commandline -ct)
    set -l current (string unescape -- $raw; or string unescape -- "$raw'"; or string unescape -- "$raw\"")
    set -l option (string match -r '^--[^=]*=' -- $current; or echo '')
    set -l asked (__chatmgr_quoted (commandline -opc))
    set -l part
    test -n "$current"; and set part (__chatmgr_quoted $current)

    for line in (env COMP_WORDS="$asked $part" COMP_CWORD="$part" _CHATMGR_COMPLETE=fish_complete \
        $program 2> /dev/null < /dev/null)
        switch $line
            case 'plain,*'
                echo $option(string sub -s 7 -- $line)
            case 'dir,*'
                __fish_complete_directories $current
            case 'file,*'
                __fish_complete_path $current
        end
    end
end

complete --command chatmgr --no-files --keep-order --arguments '(__chatmgr_complete)'
